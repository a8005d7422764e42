/** An Approve device of the tests: the protocol's own functions over HTTP, with every message at hand to be changed. */
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";
import { toBase64Url, utf8 } from "@countersign/protocol/bytes";
import { isFailure } from "@countersign/protocol/errors";
import { enrolRecord, renewRecord, type EnrolRecord } from "@countersign/protocol/approve/enrol";
import { openerOf, readEnvelope } from "@countersign/protocol/approve/jwe";
import { makeKeyProof, type ProvingKey } from "@countersign/protocol/approve/key-proof";
import { keyUses, type KeyUse } from "@countersign/protocol/approve/keys";
import { readMessage, signMessage } from "@countersign/protocol/approve/message";
import { offer, transcriptCode } from "@countersign/protocol/approve/offer";
import { bodyHash, signProof } from "@countersign/protocol/approve/proof";
import { renewAck } from "@countersign/protocol/approve/renew";
import {
  answerDigest,
  cancel,
  type CancelClaims,
  direct,
  type DirectClaims,
  noAnswer,
  response,
  type ResponseClaims,
} from "@countersign/protocol/approve/response";
import { transaction, type TransactionClaims } from "@countersign/protocol/approve/transaction";
import { importJWK, type CryptoKey } from "jose";

export const sha256 = (data: Uint8Array) => new Uint8Array(createHash("sha256").update(data).digest());
export const digest = (text: string) => toBase64Url(sha256(utf8(text)));
export const unique = () => toBase64Url(randomBytes(16));

export interface SoftKey extends ProvingKey {
  readonly use: KeyUse;
  readonly privateKey: KeyObject;
}

export function softKey(use: KeyUse): SoftKey {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  return { use, privateKey, jwk: { kty: "EC", crv: "P-256", x, y }, sign: signer(privateKey) };
}

function signer(privateKey: KeyObject) {
  return (data: Uint8Array) =>
    Promise.resolve(new Uint8Array(sign("sha256", data, { key: privateKey, dsaEncoding: "ieee-p1363" })));
}

export interface ApproveReply {
  readonly status: number;
  readonly headers: Headers;
  // oxlint-disable-next-line no-explicit-any -- tests say what they expect of it
  readonly body: any;
}

/** What a person compares after the enrolment (APV-ENR-6). */
export function codeShownBy({ record }: { readonly record: EnrolRecord }): string {
  return transcriptCode(sha256, record.transcript, record.serverKeys[0]!.kid);
}

export type ApproveDevice = Awaited<ReturnType<typeof enrolDevice>>;

export interface Enrolment {
  readonly url: string;
  readonly offer: string;
  readonly device?: object;
}

/** The request that enrols, before it is sent. */
export async function enrolmentOf({ url, offer: text, device }: Enrolment, keys = keyUses.map(softKey)) {
  const read = readMessage(offer, text);
  if (isFailure(read)) throw new Error(read.error);
  const payload = {
    code: read.claims.code,
    nonce: unique(),
    iat: Math.floor(Date.now() / 1000),
    aud: read.claims.iss,
    keys: keys.map(({ use, jwk }) => ({ use, jwk })),
    ver: [1],
    algs: ["ES256"],
    device: { platform: "node", osVersion: "24.0", hardwareKeys: false, name: "Phone", ...device },
  };
  return { keys, payload, bytes: await makeKeyProof("apv-enrol+jws", payload, keys), url };
}

export async function sendEnrolment(url: string, bytes: Uint8Array): Promise<ApproveReply> {
  return replyOf(
    await fetch(`${url}/approve/v1/enrol`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: Buffer.from(bytes),
    }),
  );
}

export async function enrolDevice(enrolment: Enrolment) {
  const { keys, bytes, url } = await enrolmentOf(enrolment);
  const reply = await sendEnrolment(url, bytes);
  if (reply.status !== 201) throw new Error(`enrol: ${reply.status} ${JSON.stringify(reply.body)}`);
  return deviceOf(url, keys, await openRecord(keys, reply.body.record as string));
}

export async function openRecord(keys: readonly SoftKey[], jwe: string, message = enrolRecord): Promise<EnrolRecord> {
  const text = await openWith(keyOf(keys, "enc"), jwe);
  const read = readMessage(message, text);
  if (isFailure(read)) throw new Error(read.error);
  return read.claims;
}

async function openWith({ privateKey }: SoftKey, jwe: string): Promise<string> {
  const parties = readEnvelope(jwe);
  if (isFailure(parties)) throw new Error(parties.error);
  const jwk = privateKey.export({ format: "jwk" }) as Record<string, string>;
  const key = (await importJWK(jwk, "ECDH-ES")) as CryptoKey;
  const text = await openerOf(parties.containerKid, key).open(jwe);
  if (text === undefined) throw new Error("The envelope does not open");
  return text;
}

function keyOf(keys: readonly SoftKey[], use: KeyUse): SoftKey {
  return keys.find((key) => key.use === use)!;
}

/** New keys of a device, and the request that renews with them; `more` changes what it says, `by` who vouches. */
export async function renewalOf(device: ApproveDevice, more: object = {}, by = keyOf(device.keys, "pop")) {
  const keys = keyUses.map(softKey);
  const payload = {
    cid: device.cid,
    nonce: unique(),
    iat: Math.floor(Date.now() / 1000),
    aud: device.record.iss,
    keys: keys.map(({ use, jwk }) => ({ use, jwk })),
    ...more,
  };
  const vouching = { kid: device.kid("pop"), sign: (data: Uint8Array) => by.sign(data) };
  const bytes = await makeKeyProof("apv-renew+jws", payload, keys, vouching);
  return { keys, bytes, body: JSON.parse(Buffer.from(bytes).toString()) as object };
}

/** The device with its new keys, as the record of the renewal names them. */
export async function renewedDevice(device: ApproveDevice, keys: readonly SoftKey[], jwe: string) {
  return deviceOf(device.url, keys, await openRecord(device.keys, jwe, renewRecord));
}

/** The word that the new keys are stored. */
export function acknowledgement(renewed: ApproveDevice, more: object = {}, by = keyOf(renewed.keys, "pop")) {
  const { cid, record } = renewed;
  const iat = Math.floor(Date.now() / 1000);
  const claims = { iss: cid, aud: record.iss, cid, transcript: record.transcript, iat, ...more };
  return signMessage(renewAck, claims, { kid: renewed.kid("pop"), sign: (data: Uint8Array) => by.sign(data) });
}

export interface AnswerOptions {
  readonly method?: "none" | "password" | "biometry";
  readonly claims?: Partial<ResponseClaims>;
  readonly use?: KeyUse;
  /** Signs with another key, as a wrong password does. */
  readonly signWith?: SoftKey;
}

export function deviceOf(url: string, keys: readonly SoftKey[], record: EnrolRecord) {
  let nonce: string | undefined;
  let seq = 0;
  let prev = noAnswer;
  const kid = (use: KeyUse) => record.keys.find((key) => key.use === use)!.kid;

  const device = {
    url,
    keys,
    record,
    kid,
    cid: record.cid,

    async proof(method: string, path: string, body: string, more: object = {}): Promise<string> {
      const pop = keyOf(keys, "pop");
      const claims = {
        jti: unique(),
        htm: method,
        htu: url + path,
        iat: Math.floor(Date.now() / 1000),
        cid: record.cid,
        bsh: bodyHash(sha256, utf8(body)),
        ...(nonce !== undefined && { nonce }),
        ...more,
      };
      return signProof(claims, pop.jwk, pop);
    },

    async call(method: string, path: string, body?: object): Promise<ApproveReply> {
      const text = body === undefined ? "" : JSON.stringify(body);
      const send = async () => {
        const reply = await replyOf(
          await fetch(url + path, {
            method,
            headers: {
              dpop: await device.proof(method, path, text),
              ...(text !== "" && { "content-type": "application/json" }),
            },
            ...(text !== "" && { body: text }),
          }),
        );
        nonce = reply.headers.get("dpop-nonce") ?? nonce;
        return reply;
      };
      const first = await send();
      return first.body?.code === "use_dpop_nonce" ? send() : first;
    },

    /** What was encrypted to the container. */
    open: (jwe: string) => openWith(keyOf(keys, "enc"), jwe),

    async pending(): Promise<readonly string[]> {
      return (await device.call("GET", "/approve/v1/transactions")).body.references;
    },

    /** The inner JWS and its claims. */
    async fetch(tid: string, ref?: string): Promise<{ text: string; claims: TransactionClaims }> {
      const reply = await device.call("POST", `/approve/v1/transactions/${tid}`, ref === undefined ? {} : { ref });
      if (reply.status !== 200) throw new Error(`fetch: ${reply.status} ${JSON.stringify(reply.body)}`);
      const text = await openWith(keyOf(keys, "enc"), reply.body.transaction as string);
      const read = readMessage(transaction, text);
      if (isFailure(read)) throw new Error(read.error);
      return { text, claims: read.claims };
    },

    async answer(
      tx: { text: string; claims: TransactionClaims },
      status: string,
      more: AnswerOptions = {},
    ): Promise<string> {
      const { method = "password", use = "tx" } = more;
      const now = Math.floor(Date.now() / 1000);
      const claims: ResponseClaims = {
        iss: record.cid,
        aud: record.iss,
        tid: tx.claims.tid,
        nonce: tx.claims.nonce,
        status,
        tx_sha256: digest(tx.text),
        shown_sha256: digest(tx.claims.display.text),
        iat: now,
        exp: now + 60,
        jti: unique(),
        seq: seq + 1,
        prev,
        uv: { method, lock: "counter" },
        amr: ["swk"],
        ...more.claims,
      };
      const key = more.signWith ?? keyOf(keys, use);
      return signMessage(response, claims, { kid: kid(use), sign: (data) => key.sign(data) });
    },

    async respond(tid: string, text: string): Promise<ApproveReply> {
      const reply = await device.call("POST", `/approve/v1/transactions/${tid}/response`, { response: text });
      if (reply.status === 200) {
        seq += 1;
        prev = answerDigest(sha256, text);
      }
      return reply;
    },

    async cancelText(
      tid: string,
      reason: CancelClaims["reason"],
      message: string,
      more: { readonly claims?: object; readonly use?: KeyUse; readonly signWith?: SoftKey } = {},
    ): Promise<string> {
      const now = Math.floor(Date.now() / 1000);
      const claims: CancelClaims = {
        iss: record.cid,
        aud: record.iss,
        tid,
        reason,
        message,
        jti: unique(),
        iat: now,
        ...more.claims,
      };
      const key = more.signWith ?? keyOf(keys, more.use ?? "pop");
      return signMessage(cancel, claims, { kid: kid(more.use ?? "pop"), sign: (data) => key.sign(data) });
    },

    async cancel(tid: string, reason: CancelClaims["reason"], message = ""): Promise<ApproveReply> {
      return device.sendCancel(tid, await device.cancelText(tid, reason, message));
    },

    async sendCancel(tid: string, text: string): Promise<ApproveReply> {
      return device.call("POST", `/approve/v1/transactions/${tid}/cancel`, { cancel: text });
    },

    /** A message that the device starts itself. */
    async directText(azp: string, status: string, more: AnswerOptions & { claims?: object } = {}): Promise<string> {
      if (nonce === undefined) await device.pending();
      const { method = "password", use = "auth" } = more;
      const now = Math.floor(Date.now() / 1000);
      const message = "Sign in at the branch";
      const claims = {
        iss: record.cid,
        aud: record.iss,
        azp,
        status,
        message,
        nonce: nonce!,
        shown_sha256: digest(message),
        iat: now,
        exp: now + 60,
        jti: unique(),
        seq: seq + 1,
        prev,
        uv: { method, lock: "counter" },
        amr: ["swk"],
        ...more.claims,
      } as DirectClaims;
      const key = more.signWith ?? keyOf(keys, use);
      return signMessage(direct, claims, { kid: kid(use), sign: (data) => key.sign(data) });
    },

    async sendDirect(text: string): Promise<ApproveReply> {
      const reply = await device.call("POST", "/approve/v1/direct", { request: text });
      if (reply.status === 200) {
        seq += 1;
        prev = answerDigest(sha256, text);
      }
      return reply;
    },

    /** Fetches, signs, sends. */
    async decide(tid: string, status: string, more: AnswerOptions = {}): Promise<ApproveReply> {
      return device.respond(tid, await device.answer(await device.fetch(tid), status, more));
    },
  };
  return device;
}

async function replyOf(answer: Response): Promise<ApproveReply> {
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text === "" ? undefined : JSON.parse(text) };
}
