/** Secrets of tokens as key objects: stored sealed, opened once. Whether a token still counts is read every time. */
import type { CryptoProvider, SecretKey } from "@countersign/protocol/crypto";
import type { Secrets } from "../keys/secrets.ts";
import type { TokenRow } from "../store/store.ts";

export interface TokenKeyCache {
  keyOf(token: Pick<TokenRow, "id" | "secret_sealed">): SecretKey;
}

/** Keeps those of the `capacity` tokens opened last. A row that was sealed anew is opened anew. */
export function tokenKeyCache(secrets: Secrets, crypto: CryptoProvider, capacity = 20_000): TokenKeyCache {
  const cache = new Map<string, { readonly sealed: string; readonly key: SecretKey }>();
  return {
    keyOf({ id, secret_sealed: sealed }) {
      const cached = cache.get(id);
      if (cached?.sealed === sealed) return cached.key;
      const key = crypto.secretKey(secrets.open(tokenPlace(id), sealed));
      cache.set(id, { sealed, key });
      if (cache.size > capacity) cache.delete(cache.keys().next().value as string);
      return key;
    },
  };
}

/** Where a token secret's ciphertext is bound to. */
export function tokenPlace(tokenId: string): { table: string; column: string; row: string } {
  return { table: "token", column: "secret_sealed", row: tokenId };
}
