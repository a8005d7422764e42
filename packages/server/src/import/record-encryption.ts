/**
 * Secrets that a PowerAuth server encrypted in its database, mode AES_HMAC ("Encrypting Records in Database"):
 * AES-128-CBC under KDF_INTERNAL of the master key and the row's names joined by `&`, the IV in front.
 */
import { fromBase64, fromUtf8, type Bytes, utf8 } from "@countersign/protocol/bytes";
import type { CryptoProvider, SecretKey } from "@countersign/protocol/crypto";
import { deriveInternal } from "@countersign/protocol/powerauth/keys";

export interface RecordKeys {
  readonly crypto: CryptoProvider;
  /** 16 bytes; undefined where the source was never given one. */
  readonly masterKey: SecretKey | undefined;
}

/** `no-master-key` where one is needed, `mode` for another encryption, `decryption` for a wrong key or changed text. */
export type RecordProblem = "no-master-key" | "mode" | "decryption";

export type Opened<T> = { readonly value: T } | { readonly problem: RecordProblem };

/** Bytes that stand in Base64. `mode` as the column has it: a number in older tables, a name in newer ones. */
export function openBytes(
  keys: RecordKeys,
  stored: string,
  mode: string | number | null,
  names: readonly string[],
): Opened<Bytes> {
  const bytes = fromBase64(stored);
  if (bytes === undefined) return { problem: "decryption" };
  if (isPlain(mode)) return { value: bytes };
  if (mode !== 1 && mode !== "1" && mode !== "AES_HMAC") return { problem: "mode" };
  const { crypto, masterKey } = keys;
  if (masterKey === undefined) return { problem: "no-master-key" };
  const key = crypto.secretKey(deriveInternal(crypto, masterKey, utf8(names.join("&"))));
  const plain = crypto.aesCbcDecrypt(key, bytes.slice(0, 16), bytes.slice(16), { padding: true });
  return plain === undefined ? { problem: "decryption" } : { value: plain };
}

/** A text that stands as it is, or encrypted. */
export function openText(
  keys: RecordKeys,
  stored: string,
  mode: string | number | null,
  names: readonly string[],
): Opened<string> {
  if (isPlain(mode)) return { value: stored };
  const opened = openBytes(keys, stored, mode, names);
  if ("problem" in opened) return opened;
  const text = fromUtf8(opened.value);
  return text === undefined ? { problem: "decryption" } : { value: text };
}

function isPlain(mode: string | number | null): boolean {
  return mode === null || mode === 0 || mode === "0" || mode === "NO_ENCRYPTION";
}
