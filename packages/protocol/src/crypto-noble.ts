/**
 * The provider on @noble/curves, @noble/hashes and @noble/ciphers: JavaScript only, for browsers and React Native.
 * Slower than `crypto-node.ts` by a factor of up to fifty and not constant time in the strict sense.
 */
import { cbc } from "@noble/ciphers/aes.js";
import { p256 } from "@noble/curves/nist.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha1 } from "@noble/hashes/legacy.js";
import { pbkdf2 } from "@noble/hashes/pbkdf2.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "./bytes.ts";
import {
  drawScalar,
  isPointEncoding,
  scalarFrom,
  type CryptoProvider,
  type PrivateKey,
  type PublicKey,
  type SecretKey,
} from "./crypto.ts";

type Kind = "secret" | "private" | "public";

/** Bytes under a label, so that a key of the wrong kind or provider is noticed. */
interface Key {
  readonly kind: Kind;
  readonly bytes: Bytes;
}

const formats = { der: "der", jose: "compact" } as const;

export const nobleCrypto: CryptoProvider = {
  name: "noble",

  secretKey: (bytes) => key<SecretKey>("secret", bytes),
  secretBytes: (secret) => bytesOf(secret, "secret").slice(),

  sha256: (data) => sha256(data),
  hmacSha256: (secret, data) => hmac(sha256, bytesOf(secret, "secret"), data),
  pbkdf2Sha1: (password, salt, iterations, length) => pbkdf2(sha1, password, salt, { c: iterations, dkLen: length }),

  aesCbcEncrypt: (secret, iv, data, { padding }) =>
    cbc(bytesOf(secret, "secret"), iv, { disablePadding: !padding }).encrypt(data),
  aesCbcDecrypt(secret, iv, data, { padding }) {
    const decryption = cbc(bytesOf(secret, "secret"), iv, { disablePadding: !padding });
    try {
      return decryption.decrypt(data);
    } catch {
      return undefined;
    }
  },

  generateKeyPair(random) {
    const privateKey = key<PrivateKey>("private", drawScalar(random));
    return { privateKey, publicKey: nobleCrypto.publicKeyOf(privateKey) };
  },
  importPrivateKey(bytes) {
    const scalar = scalarFrom(bytes);
    return scalar === undefined ? undefined : key<PrivateKey>("private", scalar);
  },
  exportPrivateKey: (privateKey) => bytesOf(privateKey, "private").slice(),
  importPublicKey(sec1) {
    if (!isPointEncoding(sec1)) return undefined;
    try {
      return key<PublicKey>("public", p256.Point.fromBytes(sec1).toBytes(false));
    } catch {
      return undefined;
    }
  },
  exportPublicKey(publicKey, format) {
    const point = bytesOf(publicKey, "public");
    return format === "uncompressed" ? point.slice() : p256.Point.fromBytes(point).toBytes(true);
  },
  publicKeyOf: (privateKey) => key<PublicKey>("public", p256.getPublicKey(bytesOf(privateKey, "private"), false)),

  ecdh: (privateKey, publicKey) =>
    p256.getSharedSecret(bytesOf(privateKey, "private"), bytesOf(publicKey, "public"), true).slice(1),
  sign: (privateKey, data, format) =>
    p256.sign(data, bytesOf(privateKey, "private"), { lowS: false, format: formats[format] }),
  verify(publicKey, data, signature, format) {
    try {
      return p256.verify(signature, data, bytesOf(publicKey, "public"), { lowS: false, format: formats[format] });
    } catch {
      return false;
    }
  },
};

function key<Type>(kind: Kind, bytes: Bytes): Type {
  const made: Key = { kind, bytes: Uint8Array.from(bytes) };
  return made as unknown as Type;
}

function bytesOf(opaque: SecretKey | PrivateKey | PublicKey, kind: Kind): Bytes {
  const made = opaque as unknown as Key;
  if (made.kind !== kind) throw new TypeError("The key belongs to another provider or is of another kind");
  return made.bytes;
}
