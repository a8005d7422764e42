/**
 * The mathematics of PowerAuth 3.1 to 3.3 once more, on `node:crypto` alone and from the published description: nothing of
 * this project's own protocol package is in it, so that a mistake made there is not made here as well.
 */
import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHash,
  createHmac,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";

export const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
export const bytesOf = (text: string) => Buffer.from(text, "base64");
export const hash = (data: Uint8Array | string) => createHash("sha256").update(data).digest();
export const hmac = (key: Uint8Array, data: Uint8Array | string) => createHmac("sha256", key).update(data).digest();

const be = (size: 4 | 8, value: number) => {
  const bytes = Buffer.alloc(size);
  if (size === 4) bytes.writeUInt32BE(value);
  else bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
};

export const fold = (long: Buffer) => Buffer.from(long.subarray(0, 16).map((byte, index) => byte ^ long[index + 16]!));
export const internalKey = (key: Uint8Array, index: Uint8Array) => fold(hmac(key, index));

export function aes(key: Uint8Array, iv: Uint8Array, data: Uint8Array, padding: boolean): Buffer {
  const cipher = createCipheriv("aes-128-cbc", key, iv).setAutoPadding(padding);
  return Buffer.concat([cipher.update(data), cipher.final()]);
}

export function derivedKey(key: Uint8Array, index: number): Buffer {
  return aes(key, Buffer.alloc(16), Buffer.concat([be(8, 0), be(8, index)]), false);
}

function x963(secret: Uint8Array, info: Uint8Array, length: number): Buffer {
  const blocks: Buffer[] = [];
  for (let counter = 1; blocks.length * 32 < length; counter++) {
    blocks.push(hash(Buffer.concat([secret, be(4, counter), info])));
  }
  return Buffer.concat(blocks).subarray(0, length);
}

export class Keys {
  readonly #pair = createECDH("prime256v1");
  constructor() {
    this.#pair.generateKeys();
  }
  get publicPoint(): Buffer {
    return this.#pair.getPublicKey();
  }
  get privateScalar(): Buffer {
    return this.#pair.getPrivateKey();
  }
  shared(point: Uint8Array): Buffer {
    return this.#pair.computeSecret(point);
  }
}

export interface Envelope {
  readonly temporaryKeyId?: string;
  readonly ephemeralPublicKey: string;
  readonly encryptedData: string;
  readonly mac: string;
  readonly nonce: string;
  readonly timestamp?: number;
}

export interface EnvelopeScope {
  readonly version: "3.1" | "3.2" | "3.3";
  /** `/pa/generic/application`, … */
  readonly id: string;
  readonly applicationKey: string;
  readonly applicationSecret: string;
  readonly activation?: { readonly id: string; readonly transportKey: Uint8Array } | undefined;
  readonly recipient: Keys;
}

/** Opens a request, and gives what seals the answer. */
export function openEnvelope(scope: EnvelopeScope, envelope: Envelope) {
  const { version, id, applicationKey, applicationSecret, activation, recipient } = scope;
  const timed = version !== "3.1";
  const point = bytesOf(envelope.ephemeralPublicKey);
  const info = Buffer.concat([Buffer.from(timed ? version + id : id), point]);
  const key = x963(recipient.shared(point), info, 48);
  const [encryption, mac, iv] = [key.subarray(0, 16), key.subarray(16, 32), key.subarray(32)];
  const base = activation ? hmac(activation.transportKey, applicationSecret) : hash(applicationSecret);
  const names = [version, applicationKey, ...(activation ? [activation.id] : [])];
  if (version === "3.3") names.push(envelope.temporaryKeyId!);
  const prefixed = (...parts: (Uint8Array | string | undefined)[]) =>
    Buffer.concat(parts.flatMap((part = "") => [be(4, Buffer.from(part).length), Buffer.from(part)]));
  const shared = (nonce: Uint8Array, timestamp: number | undefined, ephemeral: Uint8Array | undefined) =>
    timed ? prefixed(base, nonce, be(8, timestamp!), ephemeral, prefixed(...names)) : base;

  const nonce = bytesOf(envelope.nonce);
  const data = bytesOf(envelope.encryptedData);
  const expected = hmac(mac, Buffer.concat([data, shared(nonce, envelope.timestamp, point)]));
  if (!timingSafeEqual(expected, bytesOf(envelope.mac))) throw new Error(`The envelope of ${id} does not open`);
  const decipher = createDecipheriv("aes-128-cbc", encryption, internalKey(iv, nonce));
  const plaintext = Buffer.concat([decipher.update(data), decipher.final()]);
  return {
    plaintext,
    json: JSON.parse(plaintext.toString()) as Record<string, unknown>,
    seal(answer: object, timestamp: number) {
      const answerNonce = timed ? randomBytes(16) : nonce;
      const encryptedData = aes(encryption, internalKey(iv, answerNonce), Buffer.from(JSON.stringify(answer)), true);
      const tag = hmac(mac, Buffer.concat([encryptedData, shared(answerNonce, timestamp, undefined)]));
      const sealed = { encryptedData: base64(encryptedData), mac: base64(tag) };
      return timed ? { ...sealed, nonce: base64(answerNonce), timestamp } : sealed;
    },
  };
}

/** Each component with all factors before it, as the description has it. */
export function signatureOf(factors: readonly Uint8Array[], ctr: Uint8Array, data: string): Buffer[] {
  const starts = factors.map((key) => hmac(key, ctr));
  return factors.map((_, index) => {
    let key = starts[index]!;
    for (let step = 0; step < index; step++) key = hmac(starts[step + 1]!, key);
    return hmac(key, data);
  });
}

export const digitsOf = (component: Buffer) =>
  String((component.readUInt32BE(28) & 0x7fffffff) % 100_000_000).padStart(8, "0");
