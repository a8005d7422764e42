/**
 * The vault: the server hands out the vault key, the device keeps its private key encrypted under it
 * (PowerAuth 3.x, secure vault).
 */
import { fromBase64, toBase64, type Bytes } from "../bytes.ts";
import type { CryptoProvider, PrivateKey, SecretKey } from "../crypto.ts";
import { failure, type Failure } from "../errors.ts";
import { deriveKey } from "./keys.ts";

const zeroIv = new Uint8Array(16);

/** Server. `encryptedVaultEncryptionKey` of the unlock response: Base64 of 32 bytes. */
export function wrapVaultKey(crypto: CryptoProvider, transportKey: SecretKey, vaultKey: SecretKey): string {
  return toBase64(crypto.aesCbcEncrypt(transportKey, zeroIv, crypto.secretBytes(vaultKey), { padding: true }));
}

/** Device. */
export function unwrapVaultKey(crypto: CryptoProvider, transportKey: SecretKey, text: string): SecretKey | Failure {
  const encrypted = fromBase64(text);
  if (encrypted?.length !== 32) return failure("vault-key-invalid");
  const key = crypto.aesCbcDecrypt(transportKey, zeroIv, encrypted, { padding: true });
  return key?.length === 16 ? crypto.secretKey(key) : failure("vault-key-invalid");
}

/** What a device stores of its private key. 32 or 48 bytes, by the length of the number. */
export function sealDevicePrivateKey(crypto: CryptoProvider, vaultKey: SecretKey, privateKey: PrivateKey): Bytes {
  return crypto.aesCbcEncrypt(vaultKey, zeroIv, signedNumber(crypto.exportPrivateKey(privateKey)), { padding: true });
}

export function openDevicePrivateKey(crypto: CryptoProvider, vaultKey: SecretKey, sealed: Bytes): PrivateKey | Failure {
  const bytes = crypto.aesCbcDecrypt(vaultKey, zeroIv, sealed, { padding: true });
  return (bytes && crypto.importPrivateKey(bytes)) ?? failure("device-key-invalid");
}

/** A key of the application's own, for an index of its choice (unsigned 64 bits). */
export function applicationVaultKey(crypto: CryptoProvider, vaultKey: SecretKey, index: number | bigint): SecretKey {
  return deriveKey(crypto, vaultKey, index);
}

/** The number as Java peers read it: as short as possible, with a zero byte in front of a set top bit. */
function signedNumber(scalar: Bytes): Bytes {
  let start = 0;
  while (start < scalar.length - 1 && scalar[start] === 0) start++;
  if (scalar[start]! < 0x80) return scalar.slice(start);
  const number = new Uint8Array(scalar.length - start + 1);
  number.set(scalar.subarray(start), 1);
  return number;
}
