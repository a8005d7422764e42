/**
 * Key derivation and the key graph of an activation (PowerAuth 3.x, key derivation).
 */
import { be4, be8, concat, type Bytes } from "../bytes.ts";
import type { CryptoProvider, PrivateKey, PublicKey, SecretKey } from "../crypto.ts";

const zeroIv = new Uint8Array(16);
const passwordIterations = 10_000;

export interface ActivationKeys {
  readonly possession: SecretKey;
  readonly knowledge: SecretKey;
  readonly biometry: SecretKey;
  readonly transport: SecretKey;
  readonly vault: SecretKey;
  /** Derives the IV of the status blob. */
  readonly transportIv: SecretKey;
  /** Hashes the counter for the status blob. */
  readonly transportCtr: SecretKey;
}

/** KDF: one AES block with the index in its second half. */
export function deriveKey(crypto: CryptoProvider, key: SecretKey, index: number | bigint): SecretKey {
  const block = concat(new Uint8Array(8), be8(index));
  return crypto.secretKey(crypto.aesCbcEncrypt(key, zeroIv, block, { padding: false }));
}

/** KDF for an index of any length. 8 bytes are padded to one block; of more, the first block of the result counts. */
export function deriveKeyRaw(crypto: CryptoProvider, key: SecretKey, index: Bytes): SecretKey {
  return crypto.secretKey(crypto.aesCbcEncrypt(key, zeroIv, index, { padding: true }).slice(0, 16));
}

/** KDF_INTERNAL: 16 bytes bound to an index of any length. */
export function deriveInternal(crypto: CryptoProvider, key: SecretKey, index: Bytes): Bytes {
  return fold(crypto.hmacSha256(key, index));
}

/** ANSI X9.63 with SHA-256. */
export function x963(crypto: CryptoProvider, secret: Bytes, info: Bytes, length: number): Bytes {
  const output = new Uint8Array(length);
  for (let block = 0; block * 32 < length; block++) {
    const hash = crypto.sha256(concat(secret, be4(block + 1), info));
    output.set(hash.subarray(0, Math.min(32, length - block * 32)), block * 32);
  }
  return output;
}

/** 16 bytes: each half of the input combined with the other by exclusive or. */
export function fold(bytes: Bytes): Bytes {
  if (bytes.length !== 32) throw new RangeError("Only 32 bytes fold to 16");
  const folded = new Uint8Array(16);
  for (let index = 0; index < 16; index++) folded[index] = bytes[index]! ^ bytes[index + 16]!;
  return folded;
}

/** KEY_MASTER_SECRET of an activation, the same from either side. */
export function masterSecret(crypto: CryptoProvider, privateKey: PrivateKey, publicKey: PublicKey): SecretKey {
  return crypto.secretKey(fold(crypto.ecdh(privateKey, publicKey)));
}

/** Indexes of the key graph. */
export function activationKeys(crypto: CryptoProvider, master: SecretKey): ActivationKeys {
  const transport = deriveKey(crypto, master, 1000);
  return {
    possession: deriveKey(crypto, master, 1),
    knowledge: deriveKey(crypto, master, 2),
    biometry: deriveKey(crypto, master, 3),
    transport,
    vault: deriveKey(crypto, master, 2000),
    transportIv: deriveKey(crypto, transport, 3000),
    transportCtr: deriveKey(crypto, transport, 4000),
  };
}

/** Key that wraps the knowledge key on the device. A wrong password gives a wrong key, never an error. */
export function knowledgeWrappingKey(crypto: CryptoProvider, password: Bytes, salt: Bytes): SecretKey {
  return crypto.secretKey(crypto.pbkdf2Sha1(password, salt, passwordIterations, 16));
}
