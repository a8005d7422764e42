/** The digest of a token header (PowerAuth 3.x, tokens): proof of the token's secret. It covers no body. */
import { concat, utf8, type Bytes } from "../bytes.ts";
import type { CryptoProvider, SecretKey } from "../crypto.ts";
import type { VersionRow } from "./versions.ts";

/** 32 bytes. `timestamp` is the header's text: decimal milliseconds since the epoch. */
export function tokenDigest(
  crypto: CryptoProvider,
  row: VersionRow,
  secret: SecretKey,
  nonce: Bytes,
  timestamp: string,
): Bytes {
  const rest = row.versionInTokenDigest ? `&${timestamp}&${row.version}` : `&${timestamp}`;
  return crypto.hmacSha256(secret, concat(nonce, utf8(rest)));
}
