/**
 * The protocol versions, one row each. Everything that differs between them stands here; no other file asks which one.
 */

export type ProtocolVersion = "3.0" | "3.1" | "3.2" | "3.3";

export interface VersionRow {
  readonly version: ProtocolVersion;
  /** For comparing two versions of one activation or application. */
  readonly order: number;
  /** Text form of online signatures. */
  readonly signatureFormat: "decimal" | "base64";
  /** Requests carry a nonce and the IV is derived from it; without, the IV is zero. */
  readonly requestNonce: boolean;
  /** Responses carry a nonce of their own; without, the request's IV is used again. */
  readonly responseNonce: boolean;
  /** Requests and responses carry a timestamp, and nonce, timestamp and associated data enter the MAC. */
  readonly timestamp: boolean;
  /** `sharedInfo1` is the encryptor's id with the version in front. */
  readonly versionInSharedInfo: boolean;
  /** The recipient's key is a temporary one, named in the request. */
  readonly temporaryKeys: boolean;
  /** The status request carries a challenge, the answer a nonce, and the blob the counter's hash. */
  readonly statusChallenge: boolean;
  readonly versionInTokenDigest: boolean;
}

export const versions: readonly VersionRow[] = [
  {
    version: "3.0",
    order: 30,
    signatureFormat: "decimal",
    requestNonce: false,
    responseNonce: false,
    timestamp: false,
    versionInSharedInfo: false,
    temporaryKeys: false,
    statusChallenge: false,
    versionInTokenDigest: false,
  },
  {
    version: "3.1",
    order: 31,
    signatureFormat: "base64",
    requestNonce: true,
    responseNonce: false,
    timestamp: false,
    versionInSharedInfo: false,
    temporaryKeys: false,
    statusChallenge: true,
    versionInTokenDigest: false,
  },
  {
    version: "3.2",
    order: 32,
    signatureFormat: "base64",
    requestNonce: true,
    responseNonce: true,
    timestamp: true,
    versionInSharedInfo: true,
    temporaryKeys: false,
    statusChallenge: true,
    versionInTokenDigest: true,
  },
  {
    version: "3.3",
    order: 33,
    signatureFormat: "base64",
    requestNonce: true,
    responseNonce: true,
    timestamp: true,
    versionInSharedInfo: true,
    temporaryKeys: true,
    statusChallenge: true,
    versionInTokenDigest: true,
  },
];

// No prototype: "constructor" and its like name no version.
const rows: Record<string, VersionRow> = Object.create(null);
for (const row of versions) rows[row.version] = row;

/** The set is closed: any other text, "3" and "3.4" included, names no version. */
export function versionRow(text: string): VersionRow | undefined {
  return rows[text];
}
