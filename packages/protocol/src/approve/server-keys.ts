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

/** The keys pinned after a chain of statements, or undefined when a link does not hold: then nothing changes. */
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
    if (signer.retiredAt !== undefined && iat > signer.retiredAt) return undefined;
    const kept = keys.map((key) => (key === signer && key.retiredAt === undefined ? { ...key, retiredAt: iat } : key));
    const added = next.filter(({ kid }) => !kept.some(({ jwk }) => jwk.kid === kid)).map((jwk) => ({ jwk }));
    keys = [...kept, ...added];
  }
  return keys;
}
