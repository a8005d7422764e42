/**
 * A device for tests, of any version 3.0 to 3.3, that talks HTTP with the client halves of the protocol package. It does
 * what it is told: wrong PINs, old counters and requests recorded for later are calls away. It keeps nothing.
 */
import { randomFillSync } from "node:crypto";
import { type Bytes, concat, fromBase64, fromUtf8, toBase64, utf8 } from "@countersign/protocol/bytes";
import type { KeyPair, PublicKey, SecretKey } from "@countersign/protocol/crypto";
import { nodeCrypto as crypto } from "@countersign/protocol/crypto-node";
import { isFailure } from "@countersign/protocol/errors";
import {
  type ActivationIdentity,
  createActivationRequest,
  processActivationResponse,
} from "@countersign/protocol/powerauth/activation";
import { openStatusBlob } from "@countersign/protocol/powerauth/activation-status";
import { nextCounter } from "@countersign/protocol/powerauth/counter";
import {
  type EncryptedRequest,
  type Encryptor,
  encryptorIds,
  type EnvelopeContext,
  type EnvelopeExchange,
  openResponse,
  sealRequest,
} from "@countersign/protocol/powerauth/ecies";
import {
  encryptionHeaderName,
  signatureHeaderName,
  tokenHeaderName,
  writeEncryptionHeader,
  writeSignatureHeader,
  writeTokenHeader,
} from "@countersign/protocol/powerauth/headers";
import { type ActivationKeys, activationKeys, masterSecret } from "@countersign/protocol/powerauth/keys";
import {
  computeSignature,
  type FactorCombination,
  factorKeys,
  signatureBase,
  signedData,
} from "@countersign/protocol/powerauth/signature";
import {
  createTemporaryKeyRequest,
  processTemporaryKeyResponse,
  temporaryKeyMac,
} from "@countersign/protocol/powerauth/temporary-key";
import { tokenDigest } from "@countersign/protocol/powerauth/token";
import { type ProtocolVersion, type VersionRow, versionRow } from "@countersign/protocol/powerauth/versions";

export interface DeviceSettings {
  /** Public base address, base path included, without a slash at the end. */
  readonly url: string;
  readonly applicationKey: string;
  readonly applicationSecret: string;
  /** Base64. */
  readonly masterPublicKey: string;
  readonly version?: ProtocolVersion;
  /** The device's own clock. */
  readonly now?: () => number;
  /** A key pair that an activation was made with elsewhere. */
  readonly keyPair?: KeyPair;
}

export interface Answer {
  readonly status: number;
  /** Parsed JSON. */
  // oxlint-disable-next-line no-explicit-any -- tests say what they expect of it
  readonly body: any;
}

export interface Token {
  readonly tokenId: string;
  readonly tokenSecret: string;
}

export interface Signing {
  readonly method?: string;
  readonly uriId: string;
  readonly body?: Bytes | string | undefined;
  readonly factors?: FactorCombination;
  readonly pin?: string;
}

export const rightPin = "1234";
export const random = (length: number): Bytes => randomFillSync(new Uint8Array(length));

export type Device = ReturnType<typeof createDevice>;

export function createDevice(settings: DeviceSettings) {
  const { url, applicationKey, applicationSecret, now = Date.now } = settings;
  const master = publicKey(settings.masterPublicKey);
  let version = versionRow(settings.version ?? "3.3") as VersionRow;
  const keyPair = settings.keyPair ?? crypto.generateKeyPair(random);
  let active: { id: string; keys: ActivationKeys; serverKey: PublicKey } | undefined;

  const device = {
    get version() {
      return version;
    },
    /** As an app update does: the activation stays, the requests are of another version. */
    update(to: ProtocolVersion): void {
      version = versionRow(to) as VersionRow;
    },
    privateKey: keyPair.privateKey,
    publicKey: keyPair.publicKey,
    /** Next counter value: assign to go back to an old one. */
    counter: new Uint8Array(16) as Bytes,

    get activation() {
      if (active === undefined) throw new Error("The device is not activated");
      return active;
    },
    get activationId() {
      return this.activation.id;
    },

    /** Sends the two layers for a code, or for another way to say who the user is; the answer is left to the caller. */
    async requestActivation(
      code: string | ActivationIdentity,
      more: { readonly otp?: string; readonly name?: string } = {},
    ) {
      const prepared = await device.prepareActivation(code, more);
      return { ...prepared, answer: await device.post("/pa/v3/activation/create", prepared.body, prepared.headers) };
    },

    async prepareActivation(
      code: string | ActivationIdentity,
      more: { readonly otp?: string; readonly name?: string } = {},
    ) {
      const recipient = await recipientKey("application");
      const { request, exchange } = createActivationRequest(
        crypto,
        random,
        { version, applicationKey, applicationSecret, temporaryKeyId: recipient.temporaryKeyId },
        recipient.key,
        keyPair.publicKey,
        typeof code === "string" ? { type: "CODE", identityAttributes: { code } } : code,
        {
          activationName: more.name ?? "test device",
          activationOtp: more.otp,
          platform: "iOS",
          deviceInfo: "iPhone12,3",
        },
        now(),
      );
      return { body: JSON.stringify(request), exchange, headers: encryptionHeader("application") };
    },

    /** Activates, and throws where the server refuses. */
    async activate(code: string | ActivationIdentity, more: { readonly otp?: string; readonly name?: string } = {}) {
      const { answer, exchange } = await device.requestActivation(code, more);
      if (answer.status !== 200) throw new Error(`Activation refused: ${JSON.stringify(answer)}`);
      const result = unwrap(processActivationResponse(crypto, exchange, answer.body));
      const keys = activationKeys(crypto, masterSecret(crypto, keyPair.privateKey, result.serverPublicKey));
      active = { id: result.activationId, keys, serverKey: result.serverPublicKey };
      device.counter = result.ctrData;
      return result;
    },

    /** Takes an activation that was made elsewhere with this device's key. */
    adopt(activationId: string, serverPublicKey: PublicKey, ctrData: Bytes): void {
      const keys = activationKeys(crypto, masterSecret(crypto, keyPair.privateKey, serverPublicKey));
      active = { id: activationId, keys, serverKey: serverPublicKey };
      device.counter = ctrData;
    },

    /** Signature header. Moves the counter, whatever becomes of the request. */
    sign(signing: Signing): Record<string, string> {
      const { keys, id } = device.activation;
      const factors = signing.factors ?? "possession_knowledge";
      const nonce = toBase64(random(16));
      const base = signatureBase(signing.method ?? "POST", signing.uriId, nonce, bytesOf(signing.body));
      const knowledge =
        (signing.pin ?? rightPin) === rightPin
          ? keys.knowledge
          : crypto.secretKey(crypto.sha256(utf8(signing.pin!)).slice(0, 16));
      const signature = computeSignature(
        crypto,
        version,
        factorKeys({ ...keys, knowledge }, factors),
        device.counter,
        signedData(base, applicationSecret),
      );
      device.counter = nextCounter(crypto, device.counter);
      const header = { activationId: id, applicationKey, nonce, signatureType: factors, signature, version };
      return { [signatureHeaderName]: writeSignatureHeader(header) };
    },

    /** Signs and posts a body to the resource of the same name. */
    async signed(path: string, signing: Signing): Promise<Answer> {
      const headers = device.sign(signing);
      return device.send(signing.method ?? "POST", path, signing.body, headers);
    },

    validate(signing: Partial<Signing> = {}): Promise<Answer> {
      return device.signed("/pa/v3/signature/validate", { uriId: "/pa/signature/validate", body: "{}", ...signing });
    },

    /** Encrypts for an encryptor; the header is the one for requests without a signature. */
    async encrypt(encryptor: Encryptor, plaintext: Bytes | string) {
      const recipient = await recipientKey(encryptor.scope);
      const context: EnvelopeContext = {
        version,
        encryptor,
        applicationKey,
        applicationSecret,
        temporaryKeyId: recipient.temporaryKeyId,
        ...(encryptor.scope === "activation" && {
          activationId: device.activationId,
          transportKey: device.activation.keys.transport,
        }),
      };
      const { request, exchange } = sealRequest(crypto, random, context, recipient.key, bytesOf(plaintext)!, now());
      return { request, exchange, body: JSON.stringify(request), headers: encryptionHeader(encryptor.scope) };
    },

    /** Posts an encrypted request and opens the answer, where it is one. */
    async encrypted(path: string, encryptor: Encryptor, plaintext: object | string, headers?: Record<string, string>) {
      const text = typeof plaintext === "string" ? plaintext : JSON.stringify(plaintext);
      const sealed = await device.encrypt(encryptor, text);
      const answer = await device.post(path, sealed.body, { ...sealed.headers, ...headers });
      return { ...answer, plain: device.open(sealed.exchange, answer) };
    },

    /** Encrypted, then signed over the encrypted body: tokens and the vault. */
    async encryptedAndSigned(path: string, encryptor: Encryptor, plaintext: object, signing: Signing) {
      const sealed = await device.encrypt(encryptor, JSON.stringify(plaintext));
      const headers = device.sign({ ...signing, body: sealed.body });
      const answer = await device.post(path, sealed.body, headers);
      return { ...answer, plain: device.open(sealed.exchange, answer), sent: { body: sealed.body, headers } };
    },

    // oxlint-disable-next-line no-explicit-any -- tests say what they expect of it
    open(exchange: EnvelopeExchange, answer: Answer): any {
      if (answer.status !== 200) return undefined;
      return JSON.parse(fromUtf8(unwrap(openResponse(crypto, exchange, answer.body)))!);
    },

    async createToken(factors: FactorCombination = "possession_knowledge", pin?: string) {
      const signing: Signing = { uriId: "/pa/token/create", factors, ...(pin !== undefined && { pin }) };
      const answer = await device.encryptedAndSigned("/pa/v3/token/create", encryptorIds.tokenCreate, {}, signing);
      return { ...answer, token: answer.plain as Token };
    },

    /** Token header. `at` is the signed time. */
    withToken(token: Token, at = now()): Record<string, string> {
      const nonce = random(16);
      const timestamp = String(at);
      const secret = crypto.secretKey(fromBase64(token.tokenSecret)!);
      const digest = tokenDigest(crypto, version, secret, nonce, timestamp);
      const header = {
        tokenId: token.tokenId,
        tokenDigest: toBase64(digest),
        nonce: toBase64(nonce),
        timestamp,
        version,
      };
      return { [tokenHeaderName]: writeTokenHeader(header) };
    },

    async status() {
      const challenge = version.statusChallenge ? random(16) : undefined;
      const answer = await device.statusOf(device.activationId, challenge);
      const { encryptedStatusBlob, nonce } = answer.body.responseObject;
      const serverNonce = nonce === undefined ? undefined : fromBase64(nonce);
      return unwrap(openStatusBlob(crypto, device.activation.keys, encryptedStatusBlob, challenge, serverNonce));
    },

    statusOf(activationId: string, challenge?: Bytes): Promise<Answer> {
      const requestObject = { activationId, ...(challenge !== undefined && { challenge: toBase64(challenge) }) };
      return device.post("/pa/v3/activation/status", JSON.stringify({ requestObject }));
    },

    unlockVault(signing: Partial<Signing> = {}, plaintext: object = { reason: "ADD_BIOMETRY" }) {
      const full = { uriId: "/pa/vault/unlock", ...signing };
      return device.encryptedAndSigned("/pa/v3/vault/unlock", encryptorIds.vaultUnlock, plaintext, full);
    },

    async keystore(scope: Encryptor["scope"], secret = applicationSecret): Promise<Answer & { sent: string }> {
      const claims = keyClaims(scope);
      const transport = scope === "activation" ? device.activation.keys.transport : undefined;
      const jwt = createTemporaryKeyRequest(crypto, claims, temporaryKeyMac(crypto, transport, secret));
      const answer = await device.post("/pa/v3/keystore/create", JSON.stringify({ requestObject: { jwt } }));
      lastChallenge = claims.challenge;
      return { ...answer, sent: jwt };
    },

    post(path: string, body?: Bytes | string, headers: Record<string, string> = {}): Promise<Answer> {
      return device.send("POST", path, body, headers);
    },

    async send(
      method: string,
      path: string,
      body?: Bytes | string,
      headers: Record<string, string> = {},
    ): Promise<Answer> {
      const response = await fetch(url + path, {
        method,
        headers: { ...(body !== undefined && { "content-type": "application/json" }), ...headers },
        ...(body !== undefined && { body: typeof body === "string" ? body : new Uint8Array(body) }),
      });
      const text = await response.text();
      return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
    },
  };
  let lastChallenge = "";
  return device;

  function keyClaims(scope: Encryptor["scope"]) {
    const activationId = scope === "activation" ? device.activationId : undefined;
    return { applicationKey, activationId, challenge: toBase64(random(18)) };
  }

  async function recipientKey(
    scope: Encryptor["scope"],
  ): Promise<{ readonly key: PublicKey; readonly temporaryKeyId?: string }> {
    const stable = scope === "application" ? master : device.activation.serverKey;
    if (!version.temporaryKeys) return { key: stable };
    const answer = await device.keystore(scope);
    if (answer.status !== 200) throw new Error(`No temporary key: ${JSON.stringify(answer.body)}`);
    const request = { ...keyClaims(scope), challenge: lastChallenge };
    const key = unwrap(processTemporaryKeyResponse(crypto, stable, answer.body.responseObject.jwt, request));
    return { key: key.publicKey, temporaryKeyId: key.temporaryKeyId };
  }

  function encryptionHeader(scope: Encryptor["scope"]): Record<string, string> {
    const header = { version, applicationKey, ...(scope === "activation" && { activationId: device.activationId }) };
    return { [encryptionHeaderName]: writeEncryptionHeader(header) };
  }
}

export function publicKey(base64: string): PublicKey {
  return crypto.importPublicKey(fromBase64(base64)!)!;
}

/** The value of a protocol call, or its failure as an exception: tests expect success unless they say so. */
export function unwrap<T>(value: T): Exclude<T, { readonly error: string }> {
  if (isFailure(value)) throw new Error(`Protocol failure: ${value.error}`);
  return value as Exclude<T, { readonly error: string }>;
}

/** A copy with one bit changed. */
export function flipped(bytes: Bytes, bit = 0): Bytes {
  const copy = concat(bytes);
  copy[bit >> 3]! ^= 1 << (bit & 7);
  return copy;
}

export type { EncryptedRequest, SecretKey };

function bytesOf(body: Bytes | string | undefined): Bytes | undefined {
  return typeof body === "string" ? utf8(body) : body;
}
