/**
 * The three PowerAuth headers (PowerAuth 3.x, HTTP headers): one tolerant reader, one strict writer.
 *
 * Clients separate the members by commas, spaces or both, in any order. The reader walks the value once, from left to
 * right, with no regular expression, so that no header costs more than its length.
 */
import { fromBase64, type Bytes } from "../bytes.ts";
import { failure, type Failure } from "../errors.ts";
import { factorCombination, type FactorCombination } from "./signature.ts";
import { versionRow, type VersionRow } from "./versions.ts";

export const signatureHeaderName = "X-PowerAuth-Authorization";
export const tokenHeaderName = "X-PowerAuth-Token";
export const encryptionHeaderName = "X-PowerAuth-Encryption";

export interface SignatureHeader {
  /** As sent; ids are compared in lower case. */
  readonly activationId: string;
  readonly applicationKey: string;
  readonly nonce: Bytes;
  readonly signatureType: FactorCombination;
  /** Not yet compared with version and number of factors: `parseOnline` does. */
  readonly signature: string;
  readonly version: VersionRow;
}

export interface TokenHeader {
  readonly tokenId: string;
  readonly tokenDigest: Bytes;
  readonly nonce: Bytes;
  /** Decimal milliseconds, as sent: the text enters the digest. */
  readonly timestamp: string;
  readonly version: VersionRow;
}

export interface EncryptionHeader {
  readonly applicationKey: string;
  /** Present exactly in activation scope. */
  readonly activationId?: string | undefined;
  readonly version: VersionRow;
}

/** Reads `X-PowerAuth-Authorization`. Checks in the order id, application key, nonce, type, signature, version. */
export function readSignatureHeader(value: string): SignatureHeader | Failure {
  const members = readHeaderMembers(value);
  if (members === undefined) return failure("header-malformed");
  const activationId = members.pa_activation_id;
  if (activationId === undefined || !isUuid(activationId)) return failure("activation-id-invalid");
  const applicationKey = members.pa_application_key;
  if (bytesOf(applicationKey, 16) === undefined) return failure("application-key-invalid");
  const nonce = bytesOf(members.pa_nonce, 16);
  if (nonce === undefined) return failure("nonce-invalid");
  const signatureType = factorCombination(members.pa_signature_type ?? "");
  if (signatureType === undefined) return failure("signature-type-invalid");
  const signature = members.pa_signature ?? "";
  if (!isSignatureText(signature)) return failure("signature-invalid");
  const version = versionRow(members.pa_version ?? "");
  if (version === undefined) return failure("signature-version-invalid");
  return { activationId, applicationKey: applicationKey!, nonce, signatureType, signature, version };
}

export function writeSignatureHeader(header: {
  readonly activationId: string;
  readonly applicationKey: string;
  /** Base64. */
  readonly nonce: string;
  readonly signatureType: FactorCombination;
  readonly signature: string;
  readonly version: VersionRow;
}): string {
  return write([
    ["pa_activation_id", header.activationId],
    ["pa_application_key", header.applicationKey],
    ["pa_nonce", header.nonce],
    ["pa_signature_type", header.signatureType],
    ["pa_signature", header.signature],
    ["pa_version", header.version.version],
  ]);
}

/** Reads `X-PowerAuth-Token`. Checks in the order id, digest, nonce, timestamp, version. */
export function readTokenHeader(value: string): TokenHeader | Failure {
  const members = readHeaderMembers(value);
  if (members === undefined) return failure("header-malformed");
  const tokenId = members.token_id;
  if (tokenId === undefined || !isUuid(tokenId)) return failure("token-id-invalid");
  const tokenDigest = bytesOf(members.token_digest, 32);
  if (tokenDigest === undefined) return failure("token-digest-invalid");
  const nonce = bytesOf(members.nonce, 16);
  if (nonce === undefined) return failure("token-nonce-invalid");
  const timestamp = members.timestamp ?? "";
  if (timestamp.length < 9 || timestamp.length > 15 || !isDigits(timestamp)) return failure("token-timestamp-invalid");
  const version = versionRow(members.version ?? "");
  if (version === undefined) return failure("token-version-invalid");
  return { tokenId, tokenDigest, nonce, timestamp, version };
}

export function writeTokenHeader(header: {
  readonly tokenId: string;
  /** Base64. */
  readonly tokenDigest: string;
  /** Base64. */
  readonly nonce: string;
  readonly timestamp: string;
  readonly version: VersionRow;
}): string {
  return write([
    ["token_id", header.tokenId],
    ["token_digest", header.tokenDigest],
    ["nonce", header.nonce],
    ["timestamp", header.timestamp],
    ["version", header.version.version],
  ]);
}

/**
 * Reads `X-PowerAuth-Encryption`. With a scope, the activation id must be there (activation) or absent (application).
 * Checks in the order application key, activation id, version.
 */
export function readEncryptionHeader(value: string, scope?: "application" | "activation"): EncryptionHeader | Failure {
  const members = readHeaderMembers(value);
  if (members === undefined) return failure("header-malformed");
  const applicationKey = members.application_key;
  if (bytesOf(applicationKey, 16) === undefined) return failure("encryption-application-key-invalid");
  const activationId = members.activation_id;
  if (scope === "application" && activationId !== undefined) return failure("encryption-activation-id-not-expected");
  if (scope === "activation" && activationId === undefined) return failure("encryption-activation-id-missing");
  if (activationId !== undefined && !isUuid(activationId)) return failure("encryption-activation-id-invalid");
  const version = versionRow(members.version ?? "");
  if (version === undefined) return failure("encryption-version-invalid");
  return { applicationKey: applicationKey!, ...(activationId !== undefined && { activationId }), version };
}

export function writeEncryptionHeader(header: EncryptionHeader): string {
  return write([
    ["version", header.version.version],
    ["application_key", header.applicationKey],
    ...(header.activationId === undefined ? [] : ([["activation_id", header.activationId]] as const)),
  ]);
}

type MemberName =
  | "pa_activation_id"
  | "pa_application_key"
  | "pa_nonce"
  | "pa_signature_type"
  | "pa_signature"
  | "pa_version"
  | "token_id"
  | "token_digest"
  | "nonce"
  | "timestamp"
  | "version"
  | "application_key"
  | "activation_id";

/**
 * The members of a header value, unchecked. Undefined unless it is `PowerAuth ` and a list of `name="value"`; of two
 * members of one name the later counts. Values without quotation marks are accepted up to a separator.
 */
export function readHeaderMembers(value: string): Partial<Record<MemberName, string>> | undefined {
  const text = value.trim();
  if (!text.startsWith(scheme)) return undefined;
  const members: Partial<Record<string, string>> = Object.create(null);
  let position = scheme.length;
  while (position < text.length) {
    if (isSeparator(text.charCodeAt(position))) {
      position++;
      continue;
    }
    const nameStart = position;
    while (position < text.length && isNameCharacter(text.charCodeAt(position))) position++;
    if (position === nameStart || text.charCodeAt(position) !== equalsSign) return undefined;
    const name = text.slice(nameStart, position);
    position++;
    const quoted = text.charCodeAt(position) === quotationMark;
    const valueStart = quoted ? position + 1 : position;
    position = valueStart;
    while (position < text.length && !endsValue(text.charCodeAt(position), quoted)) position++;
    if (quoted && position === text.length) return undefined;
    members[name] = text.slice(valueStart, position);
    if (quoted) position++;
    if (position < text.length && !isSeparator(text.charCodeAt(position))) return undefined;
  }
  return members;
}

/** Version 1 to 5, RFC 4122 layout, any letter case. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text);
}

const scheme = "PowerAuth ";
const equalsSign = 0x3d;
const quotationMark = 0x22;

function isSeparator(code: number): boolean {
  return code === 0x2c || code === 0x20 || code === 0x09;
}

function isNameCharacter(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || (code >= 0x30 && code <= 0x39) || code === 0x5f
  );
}

function endsValue(code: number, quoted: boolean): boolean {
  return quoted ? code === quotationMark : isSeparator(code) || code === quotationMark;
}

function bytesOf(text: string | undefined, length: number): Bytes | undefined {
  const bytes = text === undefined ? undefined : fromBase64(text);
  return bytes?.length === length ? bytes : undefined;
}

/** Either form of one to three components. Lengths are fixed, so the expressions below never see long text. */
function isSignatureText(text: string): boolean {
  if (text.length === 8 || text.length === 17 || text.length === 26) return /^[0-9]{8}(?:-[0-9]{8}){0,2}$/.test(text);
  if (text.length !== 24 && text.length !== 44 && text.length !== 64) return false;
  const bytes = fromBase64(text);
  return bytes !== undefined && bytes.length % 16 === 0;
}

function isDigits(text: string): boolean {
  return /^[0-9]+$/.test(text);
}

function write(members: readonly (readonly [MemberName, string])[]): string {
  for (const [, value] of members) {
    if (!/^[\x21\x23-\x7e]+$/.test(value))
      throw new RangeError("A header member is empty or has a forbidden character");
  }
  return scheme + members.map(([name, value]) => `${name}="${value}"`).join(", ");
}
