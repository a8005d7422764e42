/** Digests as tokens have them. */
import { toBase64Url, utf8 } from "@countersign/protocol/bytes";

export async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(utf8(text))));
}

export async function digestOf(text: string): Promise<string> {
  return toBase64Url(await sha256(text));
}

/** `at_hash` of ES256: the left half of the digest (OpenID Connect Core §3.1.3.6). */
export async function tokenHash(token: string): Promise<string> {
  return toBase64Url((await sha256(token)).subarray(0, 16));
}
