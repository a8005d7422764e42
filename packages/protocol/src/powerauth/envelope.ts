/**
 * The mathematics of one ECIES envelope: shared info, envelope key, seal and open (PowerAuth 3.x, ECIES).
 * Messages and their rules stand in `ecies.ts`.
 */
import { be8, concat, equalBytes, lengthPrefixed, utf8, type Bytes } from "../bytes.ts";
import type { CryptoProvider, SecretKey } from "../crypto.ts";
import { failure, type Failure } from "../errors.ts";
import { deriveInternal, x963 } from "./keys.ts";
import type { VersionRow } from "./versions.ts";

export interface Encryptor {
  /** Names the use, so that an envelope made for one endpoint opens at no other. */
  readonly id: string;
  readonly scope: "application" | "activation";
}

/** What both sides know before the first message. Application key and secret are their Base64 texts. */
export interface EnvelopeContext {
  readonly version: VersionRow;
  readonly encryptor: Encryptor;
  readonly applicationKey: string;
  readonly applicationSecret: string;
  /** Activation scope only. */
  readonly activationId?: string | undefined;
  /** Activation scope only. */
  readonly transportKey?: SecretKey | undefined;
  /** Versions with temporary keys only. */
  readonly temporaryKeyId?: string | undefined;
}

export interface EnvelopeKeys {
  readonly encryption: SecretKey;
  readonly mac: SecretKey;
  /** Derives the IV from a nonce. */
  readonly iv: SecretKey;
}

/** What one envelope's second shared info is made of, except for nonce, timestamp and ephemeral key. */
export interface EnvelopeBinding {
  readonly version: VersionRow;
  readonly sharedInfo2Base: Bytes;
  readonly associatedData: Bytes;
}

export interface SealedBytes {
  readonly encryptedData: Bytes;
  readonly mac: Bytes;
}

const zeroIv = new Uint8Array(16);

export function sharedInfo1(context: EnvelopeContext): Bytes {
  const { version, encryptor } = context;
  return utf8(version.versionInSharedInfo ? version.version + encryptor.id : encryptor.id);
}

/** 32 bytes that only holders of the application secret (and, in activation scope, the transport key) can compute. */
export function sharedInfo2Base(crypto: CryptoProvider, context: EnvelopeContext): Bytes {
  const secret = utf8(context.applicationSecret);
  if (context.encryptor.scope === "application") return crypto.sha256(secret);
  if (context.transportKey === undefined)
    throw new TypeError("An envelope of activation scope needs the transport key");
  return crypto.hmacSha256(context.transportKey, secret);
}

/** Empty where the version does not authenticate it. The scope decides the form, not the presence of an id. */
export function associatedData(context: EnvelopeContext): Bytes {
  const { version, encryptor, applicationKey, activationId, temporaryKeyId } = context;
  if (!version.timestamp) return new Uint8Array(0);
  const items = [version.version, applicationKey];
  if (encryptor.scope === "activation") {
    if (activationId === undefined) throw new TypeError("An envelope of activation scope needs the activation's id");
    items.push(activationId);
  }
  if (version.temporaryKeys) {
    if (temporaryKeyId === undefined) throw new TypeError("An envelope of this version needs the temporary key's id");
    items.push(temporaryKeyId);
  }
  return lengthPrefixed(...items.map(utf8));
}

export function bindEnvelope(crypto: CryptoProvider, context: EnvelopeContext): EnvelopeBinding {
  return {
    version: context.version,
    sharedInfo2Base: sharedInfo2Base(crypto, context),
    associatedData: associatedData(context),
  };
}

/** `ephemeralKey` as transmitted: its compressed and uncompressed forms give different envelope keys. */
export function envelopeKeys(crypto: CryptoProvider, shared: Bytes, info1: Bytes, ephemeralKey: Bytes): EnvelopeKeys {
  return splitEnvelopeKey(crypto, x963(crypto, shared, concat(info1, ephemeralKey), 48));
}

/** 48 bytes: encryption key, MAC key, IV key. */
export function splitEnvelopeKey(crypto: CryptoProvider, envelopeKey: Bytes): EnvelopeKeys {
  if (envelopeKey.length !== 48) throw new RangeError("An envelope key has 48 bytes");
  return {
    encryption: crypto.secretKey(envelopeKey.slice(0, 16)),
    mac: crypto.secretKey(envelopeKey.slice(16, 32)),
    iv: crypto.secretKey(envelopeKey.slice(32, 48)),
  };
}

/** Zero without a nonce (3.0). */
export function envelopeIv(crypto: CryptoProvider, keys: EnvelopeKeys, nonce: Bytes | undefined): Bytes {
  return nonce === undefined ? zeroIv : deriveInternal(crypto, keys.iv, nonce);
}

/** For requests `ephemeralKey` is the transmitted one, for responses undefined. */
export function sharedInfo2(
  binding: EnvelopeBinding,
  nonce: Bytes | undefined,
  timestamp: number | undefined,
  ephemeralKey: Bytes | undefined,
): Bytes {
  if (!binding.version.timestamp) return binding.sharedInfo2Base;
  if (nonce === undefined || timestamp === undefined) throw new TypeError("This version needs a nonce and a timestamp");
  return lengthPrefixed(binding.sharedInfo2Base, nonce, be8(timestamp), ephemeralKey, binding.associatedData);
}

export function sealBytes(
  crypto: CryptoProvider,
  keys: EnvelopeKeys,
  iv: Bytes,
  info2: Bytes,
  plaintext: Bytes,
): SealedBytes {
  const encryptedData = crypto.aesCbcEncrypt(keys.encryption, iv, plaintext, { padding: true });
  return { encryptedData, mac: crypto.hmacSha256(keys.mac, concat(encryptedData, info2)) };
}

/** Compares the MAC before it decrypts, so that padding is never an oracle. */
export function openBytes(
  crypto: CryptoProvider,
  keys: EnvelopeKeys,
  iv: Bytes,
  info2: Bytes,
  sealed: SealedBytes,
): Bytes | Failure {
  const mac = crypto.hmacSha256(keys.mac, concat(sealed.encryptedData, info2));
  if (!equalBytes(mac, sealed.mac)) return failure("envelope-mac-invalid");
  return (
    crypto.aesCbcDecrypt(keys.encryption, iv, sealed.encryptedData, { padding: true }) ??
    failure("envelope-not-decrypted")
  );
}
