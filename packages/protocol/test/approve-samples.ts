/** A signer and one valid message of each kind, for tests that change them. */
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";
import fc from "fast-check";
import { importJWK, type CryptoKey } from "jose";
import { toBase64Url } from "../src/bytes.ts";
import { isFailure } from "../src/errors.ts";
import { enrolRecord, renewRecord, type EnrolRecord } from "../src/approve/enrol.ts";
import { openerOf, type Opener } from "../src/approve/jwe.ts";
import { importVerifier, type NamedSigner, type Verifier } from "../src/approve/jws.ts";
import { keyUses, type NamedJwk, type PublicJwk } from "../src/approve/keys.ts";
import type { Message } from "../src/approve/message.ts";
import { offer } from "../src/approve/offer.ts";
import { passwordRules } from "../src/approve/policy.ts";
import { reference } from "../src/approve/reference.ts";
import { renewAck } from "../src/approve/renew.ts";
import { cancel, direct, noAnswer, response } from "../src/approve/response.ts";
import { serverKeys } from "../src/approve/server-keys.ts";
import { formText } from "../src/approve/shown.ts";
import { defaultStatuses, transaction } from "../src/approve/transaction.ts";

export interface TestKey extends NamedSigner {
  readonly jwk: NamedJwk;
  readonly privateKey: KeyObject;
}

export const sha256 = (data: Uint8Array) => new Uint8Array(createHash("sha256").update(data).digest());

export function testKey(kid = random(16)): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  return {
    kid,
    jwk: { kty: "EC", crv: "P-256", x, y, kid },
    privateKey,
    sign: (data) =>
      Promise.resolve(new Uint8Array(sign("sha256", data, { key: privateKey, dsaEncoding: "ieee-p1363" }))),
  };
}

export async function verifierOf({ kty, crv, x, y }: PublicJwk): Promise<Verifier> {
  const verifier = await importVerifier({ kty, crv, x, y });
  if (isFailure(verifier)) throw new Error(verifier.error);
  return verifier;
}

/** The key without its name, as it proves itself. */
export function provingOf({ jwk: { kty, crv, x, y }, sign: signs }: TestKey) {
  return { jwk: { kty, crv, x, y } satisfies PublicJwk, sign: signs };
}

export async function openerFor({ kid, privateKey }: TestKey): Promise<Opener> {
  const jwk = privateKey.export({ format: "jwk" }) as Record<string, string>;
  return openerOf(kid, (await importJWK(jwk, "ECDH-ES")) as CryptoKey);
}

/** The text with one character replaced, anywhere, by another that has a meaning in one of the encodings. */
export function oneCharacterOff(text: string): fc.Arbitrary<string> {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n"{}[]:,\\\u0000é';
  return fc
    .tuple(fc.nat(text.length - 1), fc.constantFrom(...alphabet))
    .map(([at, other]) => text.slice(0, at) + other + text.slice(at + 1))
    .filter((other) => other !== text);
}

export function random(length: number): string {
  return toBase64Url(randomBytes(length));
}

const iss = "https://approve.example";
const cid = "0ab5a3c1-6c1e-4d52-9a34-2f0d1b7c9e11";
const tid = "7d3f1b52-0f9c-4f5e-8a2d-0c6b7e4a1f22";
const digest = random(32);
const times = { iat: 1_800_000_000, exp: 1_800_000_050 };
const form = {
  title: "Payment",
  message: "Confirm",
  attributes: [{ type: "KEY_VALUE" as const, id: "iban", label: "To", value: "CZ27" }],
};
const answer = {
  iss: cid,
  aud: iss,
  status: "approve",
  shown_sha256: digest,
  ...times,
  jti: random(16),
  seq: 1,
  prev: noAnswer,
  uv: { method: "password", lock: "counter" },
  amr: ["hwk", "pin"],
} as const;
const record: EnrolRecord = {
  iss,
  aud: cid,
  cid,
  iat: times.iat,
  tenant: "default",
  user: "anna",
  name: "Phone",
  keys: (["auth", "tx", "enc", "pop"] as const).map((use) => ({ use, kid: random(16), policy: "p1" })),
  policies: { p1: { type: "PASSWORD", password: passwordRules, lock: { type: "counter", counter: 5 } } },
  serverKeys: [testKey(random(32)).jwk],
  suite: "ES256",
  minVer: 1,
  transcript: digest,
  features: { cancel: true, direct: true, renew: true, otp: false },
};

/** Of an enrolment by these four keys, in the order of their uses. */
export const enrolPayloadOf = (keys: readonly TestKey[]) => ({
  code: random(16),
  nonce: random(16),
  iat: times.iat,
  aud: iss,
  keys: keysOf(keys),
  ver: [1],
  algs: ["ES256"],
  device: { platform: "node", osVersion: "24.0", hardwareKeys: false, name: "Phone" },
  push: { platform: "apns", environment: "production", token: "abc" },
});

export const renewPayloadOf = (keys: readonly TestKey[]) => ({
  cid,
  nonce: random(16),
  iat: times.iat,
  aud: iss,
  keys: keysOf(keys),
});

const keysOf = (keys: readonly TestKey[]) =>
  keyUses.map((use, at) => ({ use, jwk: provingOf(keys[at] as TestKey).jwk }));

export const proofClaims = {
  jti: random(16),
  htm: "POST",
  htu: `${iss}/approve/v1/transactions/${tid}`,
  iat: times.iat,
  nonce: "1.server",
  cid,
  bsh: digest,
};

/** Claims by message: each row is accepted by its reader. */
export const samples: readonly { readonly message: Message<object>; readonly claims: object }[] = [
  row(offer, { iss, jti: random(16), code: random(16), ...times, dty: "apv1", tenant: "default", sks: [digest] }),
  row(enrolRecord, record),
  row(renewRecord, record),
  row(reference, { iss, tid, act: "tx", ...times, cid, tk: random(16) }),
  row(transaction, {
    iss,
    aud: cid,
    tid,
    nonce: random(16),
    ...times,
    user: "anna",
    client: { id: "bank", name: "Bank" },
    details: { type: "payment", data: "A1*ICZ27", parameters: { iban: "CZ27" } },
    display: { template: "payment", language: "en", form, text: formText(form) },
    allowed: defaultStatuses,
    cancelable: true,
    minVer: 1,
  }),
  row(response, { ...answer, tid, nonce: random(16), tx_sha256: digest, num: "042137", ctx: "e30=" }),
  row(direct, { ...answer, nonce: "server", azp: "bank", message: "User Login" }),
  row(cancel, {
    iss: cid,
    aud: iss,
    tid,
    reason: "USER_CANCEL",
    message: "Duplicate",
    jti: random(16),
    iat: times.iat,
  }),
  row(renewAck, { iss: cid, aud: iss, cid, transcript: digest, iat: times.iat }),
  row(serverKeys, { iss, iat: times.iat, keys: [testKey(random(32)).jwk], retired: digest }),
];

function row<Claims extends object>(message: Message<Claims>, claims: Claims) {
  return { message: message as Message<object>, claims };
}
