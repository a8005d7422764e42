/** How server keys replace each other (Approve protocol §10): each link is signed by the key it retires. */
import { isFailure } from "../errors.ts";
import { digest, listOf, seconds, url } from "./claims.ts";
import { importVerifier } from "./jws.ts";
import { isNamedJwk, type NamedJwk } from "./keys.ts";
import { readMessage, verifyMessage, type Message } from "./message.ts";

export interface ServerKeysClaims {
  readonly iss: string;
  readonly iat: number;
  /** All that are good from now on. */
  readonly keys: readonly NamedJwk[];
  /** The key that signs this, and nothing later. */
  readonly retired: string;
}

export const serverKeys: Message<ServerKeysClaims> = {
  typ: "apv-keys+jwt",
  shape: { required: { iss: url, iat: seconds, keys: listOf(isNamedJwk, 8, 1), retired: digest }, open: true },
};

/** A server key as a device pins it. */
export interface PinnedKey {
  readonly jwk: NamedJwk;
  /** Seconds; objects made later than this are not this key's (APV-ROT-3). */
  readonly retiredAt?: number;
}

/**
 * The keys pinned after a chain of statements, or undefined when a link does not hold: then nothing changes. A key that
 * was retired signs no further link, whatever time the link names, but the same one again does no harm. Keys that a link
 * does not name are no longer good.
 */
export async function followChain(
  iss: string,
  pinned: readonly PinnedKey[],
  chain: readonly string[],
): Promise<readonly PinnedKey[] | undefined> {
  let keys = pinned;
  for (const link of chain) {
    const read = readMessage(serverKeys, link);
    if (isFailure(read) || read.claims.iss !== iss || read.kid !== read.claims.retired) return undefined;
    const signer = keys.find(({ jwk }) => jwk.kid === read.kid);
    if (signer === undefined) return undefined;
    const verifier = await importVerifier(signer.jwk);
    if (isFailure(verifier) || isFailure(await verifyMessage(read, verifier))) return undefined;
    const { iat, keys: next } = read.claims;
    const added = next.filter(({ kid }) => !keys.some(({ jwk }) => jwk.kid === kid)).map((jwk) => ({ jwk }));
    if (signer.retiredAt !== undefined) {
      if (iat !== signer.retiredAt || added.length > 0) return undefined;
      continue;
    }
    const named = new Set(next.map(({ kid }) => kid));
    if (named.has(signer.jwk.kid) || named.size !== next.length) return undefined;
    const retired = ({ jwk, retiredAt }: PinnedKey) => retiredAt === undefined && !named.has(jwk.kid);
    keys = [...keys.map((key) => (retired(key) ? { ...key, retiredAt: iat } : key)), ...added];
  }
  return keys;
}
