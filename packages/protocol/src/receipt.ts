/**
 * The receipt: what was decided, by whom, on what evidence, and where it stands in the audit.
 *
 * A receipt travels as a compact JWS with `typ` `countersign-receipt+jwt` (ES256). This file has its claims and the
 * reader that checks their shape; signing and verifying need keys and live with the server and the relying party.
 */
export const receiptType = "countersign-receipt+jwt";

/** `powerauth`: online signature; `powerauth-offline`: retyped code; `approve-jws`: device signature; `back-office`: an API client. */
export type EvidenceKind = "powerauth" | "powerauth-offline" | "approve-jws" | "back-office";

export interface ReceiptClaims {
  /** Public URL of the server that decided. */
  readonly iss: string;
  /** Id of the operation. */
  readonly sub: string;
  readonly jti: string;
  /** Seconds since the epoch at which the decision was committed. */
  readonly iat: number;
  readonly ver: 1;
  readonly tenant: string;
  readonly operation: {
    readonly id: string;
    readonly type: string;
    readonly status: "APPROVED" | "REJECTED";
    readonly externalId?: string;
    /** The exact data that was signed. */
    readonly data: string;
    readonly createdAt: number;
  };
  /** One entry per person who decided: a single one unless a quorum was asked for. */
  readonly decisions: readonly ReceiptDecision[];
  /** Place of the decision in the audit. */
  readonly audit: { readonly lane: string; readonly seq: number; readonly hash: string };
}

export interface ReceiptDecision {
  readonly decision: "approve" | "reject";
  /** Epoch milliseconds. */
  readonly at: number;
  readonly userId?: string;
  readonly reason?: string;
  readonly evidence: Evidence;
  readonly shown: Shown;
}

export interface Evidence {
  readonly kind: EvidenceKind;
  /** Factors that were verified, none for a decision made in the back office. */
  readonly factors: readonly string[];
  readonly applicationId?: string;
  readonly activationId?: string;
  /** Decimal fingerprint of the activation's keys. */
  readonly keyFingerprint?: string;
  readonly protocolVersion?: string;
  /** SHA-256, Base64url, of the signed request without the application secret. */
  readonly signedSha256?: string;
  /** Numeric counter value that the signature used up. */
  readonly counter?: number;
  /** API client that decided, for `back-office`. */
  readonly clientId?: string;
  /** The device's own signed answer, where it is asymmetric: a compact JWS. */
  readonly signature?: string;
  /** Public key that verifies it, as it was enrolled. */
  readonly deviceKey?: { readonly kty: "EC"; readonly crv: "P-256"; readonly x: string; readonly y: string };
  /** The transaction as the server stated it to the device, a compact JWS: what `tx_sha256` in the answer covers. */
  readonly transaction?: string;
}

/** What the person was shown: digest of the canonical display form, and who rendered it. */
export interface Shown {
  readonly sha256: string;
  readonly language: string;
  readonly template: string;
  readonly by: "device" | "server";
}

/** Checks the shape of verified claims. Returns undefined when anything required is missing or of another type. */
export function readReceiptClaims(value: unknown): ReceiptClaims | undefined {
  if (!isRecord(value) || value.ver !== 1) return undefined;
  if (!areTexts(value, ["iss", "sub", "jti", "tenant"]) || !isCount(value.iat)) return undefined;
  const { operation, decisions, audit } = value;
  if (!isRecord(operation) || !areTexts(operation, ["id", "type", "data"]) || !isCount(operation.createdAt))
    return undefined;
  if (operation.status !== "APPROVED" && operation.status !== "REJECTED") return undefined;
  if (operation.id !== value.sub) return undefined;
  if (!isRecord(audit) || !areTexts(audit, ["lane", "hash"]) || !isCount(audit.seq)) return undefined;
  if (!Array.isArray(decisions) || decisions.length === 0 || !decisions.every(isDecision)) return undefined;
  return value as unknown as ReceiptClaims;
}

function isDecision(value: unknown): boolean {
  if (!isRecord(value) || !isCount(value.at)) return false;
  if (value.decision !== "approve" && value.decision !== "reject") return false;
  const { evidence, shown } = value;
  if (!isRecord(evidence) || !evidenceKinds.has(evidence.kind)) return false;
  if (!Array.isArray(evidence.factors) || !evidence.factors.every((factor) => typeof factor === "string")) return false;
  return (
    isRecord(shown) &&
    areTexts(shown, ["sha256", "language", "template"]) &&
    (shown.by === "device" || shown.by === "server")
  );
}

const evidenceKinds: ReadonlySet<unknown> = new Set<EvidenceKind>([
  "powerauth",
  "powerauth-offline",
  "approve-jws",
  "back-office",
]);

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function areTexts(value: Record<string, unknown>, names: readonly string[]): boolean {
  return names.every((name) => typeof value[name] === "string");
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
