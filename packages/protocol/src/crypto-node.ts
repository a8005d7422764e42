/**
 * The provider on node:crypto. The only file of this package that imports a built-in module.
 *
 * Symmetric keys are KeyObjects, made once: an HMAC under raw bytes is five times slower on Node 24. EC keys are
 * imported from DER, which is cheaper than JWK or decompressing by hand.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  diffieHellman,
  ECDH,
  hash,
  KeyObject,
  pbkdf2Sync,
  sign,
  verify,
} from "node:crypto";
import { concat, fromBase64Url, type Bytes } from "./bytes.ts";
import {
  drawScalar,
  isPointEncoding,
  scalarFrom,
  type CryptoProvider,
  type PrivateKey,
  type PublicKey,
  type SecretKey,
} from "./crypto.ts";

/** Keeps the point beside the key object: exporting costs as much as importing. */
interface Point {
  readonly handle: KeyObject;
  uncompressed: Bytes | undefined;
}

const curve = "prime256v1";
const cipher = "aes-128-cbc";
const dsaEncodings = { der: "der", jose: "ieee-p1363" } as const;

// SubjectPublicKeyInfo and PKCS#8 of a P-256 key up to the point or the scalar.
const spkiUncompressed = bytesOf("3059301306072a8648ce3d020106082a8648ce3d030107034200");
const spkiCompressed = bytesOf("3039301306072a8648ce3d020106082a8648ce3d030107032200");
const pkcs8 = bytesOf("304102010030130607" + "2a8648ce3d020106082a8648ce3d030107" + "042730250201010420");

export const nodeCrypto: CryptoProvider = {
  name: "node",

  secretKey: (bytes) => createSecretKey(bytes) as unknown as SecretKey,
  secretBytes: (key) => plain(handleOf(key).export()),

  sha256: (data) => plain(hash("sha256", data, "buffer")),
  hmacSha256: (key, data) => plain(createHmac("sha256", handleOf(key)).update(data).digest()),
  pbkdf2Sha1: (password, salt, iterations, length) => plain(pbkdf2Sync(password, salt, iterations, length, "sha1")),

  aesCbcEncrypt(key, iv, data, { padding }) {
    const encryption = createCipheriv(cipher, handleOf(key), iv).setAutoPadding(padding);
    return concat(encryption.update(data), encryption.final());
  },
  aesCbcDecrypt(key, iv, data, { padding }) {
    const decryption = createDecipheriv(cipher, handleOf(key), iv).setAutoPadding(padding);
    try {
      return concat(decryption.update(data), decryption.final());
    } catch {
      return undefined;
    }
  },

  generateKeyPair(random) {
    const privateKey = fromScalar(drawScalar(random));
    return { privateKey, publicKey: nodeCrypto.publicKeyOf(privateKey) };
  },
  importPrivateKey(bytes) {
    const scalar = scalarFrom(bytes);
    return scalar === undefined ? undefined : fromScalar(scalar);
  },
  exportPrivateKey(key) {
    const { d } = handleOf(key).export({ format: "jwk" });
    return scalarFrom(fromBase64Url(d!)!)!;
  },
  importPublicKey(sec1) {
    if (!isPointEncoding(sec1)) return undefined;
    const prefix = sec1.length === 65 ? spkiUncompressed : spkiCompressed;
    try {
      const handle = createPublicKey({ key: Buffer.from(concat(prefix, sec1)), format: "der", type: "spki" });
      return asPublicKey({ handle, uncompressed: sec1.length === 65 ? sec1.slice() : undefined });
    } catch {
      return undefined;
    }
  },
  exportPublicKey(key, format) {
    const point = pointOf(key);
    point.uncompressed ??= readPoint(point.handle);
    return format === "uncompressed" ? point.uncompressed.slice() : compress(point.uncompressed);
  },
  publicKeyOf: (key) => asPublicKey({ handle: createPublicKey(handleOf(key)), uncompressed: undefined }),

  ecdh: (privateKey, publicKey) =>
    plain(diffieHellman({ privateKey: handleOf(privateKey), publicKey: pointOf(publicKey).handle })),
  sign: (privateKey, data, format) =>
    plain(sign("sha256", data, { key: handleOf(privateKey), dsaEncoding: dsaEncodings[format] })),
  verify: (publicKey, data, signature, format) =>
    verify("sha256", data, { key: pointOf(publicKey).handle, dsaEncoding: dsaEncodings[format] }, signature),
};

function fromScalar(scalar: Bytes): PrivateKey {
  const der = Buffer.from(concat(pkcs8, scalar));
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" }) as unknown as PrivateKey;
}

function readPoint(handle: KeyObject): Bytes {
  const der = handle.export({ format: "der", type: "spki" });
  const sec1 = der.subarray(spkiUncompressed.length);
  // A key imported compressed is exported compressed.
  if (sec1.length === 65) return plain(sec1).slice();
  return plain(ECDH.convertKey(sec1, curve, undefined, undefined, "uncompressed") as Buffer);
}

function compress(point: Bytes): Bytes {
  const compressed = point.slice(0, 33);
  compressed[0] = 2 + (point[64]! & 1);
  return compressed;
}

function handleOf(key: SecretKey | PrivateKey): KeyObject {
  if (key instanceof KeyObject) return key;
  throw new TypeError("The key belongs to another provider");
}

function pointOf(key: PublicKey): Point {
  const point = key as unknown as Point;
  if (point.handle instanceof KeyObject) return point;
  throw new TypeError("The key belongs to another provider");
}

function asPublicKey(point: Point): PublicKey {
  return point as unknown as PublicKey;
}

/** A view without Buffer's own `slice` and `toString`. */
function plain(buffer: Uint8Array): Bytes {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

function bytesOf(hex: string): Bytes {
  return plain(Buffer.from(hex, "hex"));
}
