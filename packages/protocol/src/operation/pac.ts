/**
 * The code of a proximity anti-fraud check, as a deep link brings it or a QR code shows it: which operation, and the
 * one-time password that proves the device is near the screen (PowerAuth 3.x, proximity check).
 *
 * The token in it is not signed. Whether operation and password belong together is the server's to say.
 */
import { fromBase64, fromBase64Url, fromUtf8 } from "../bytes.ts";
import { isFailure, type Failure } from "../errors.ts";
import { textDefect } from "./plain-text.ts";

export interface PacData {
  /** Id of the operation. */
  readonly oid: string;
  /** Missing where the operation has no proximity check. */
  readonly potp?: string;
}

export type PacReason =
  | "empty"
  | "too-long"
  /** Something else than visible ASCII. */
  | "character-invalid"
  | "scheme-missing"
  /** A link with neither `code` nor `oid`. */
  | "parameters-missing"
  | "parameter-repeated"
  /** Both `code` and `oid`, or a password beside `code`. */
  | "parameters-ambiguous"
  | "percent-encoding-invalid"
  /** Not two parts, or three with the last one empty. */
  | "token-malformed"
  | "token-header-malformed"
  /** Neither `type` nor `typ` is JWT, or one of them is something else. */
  | "token-type-invalid"
  /** Another `alg` than `none`: nothing here could verify it. */
  | "token-algorithm-not-none"
  | "token-payload-malformed"
  | "operation-id-missing"
  | "operation-id-invalid"
  /** Not a text of 1 to 8 digits. */
  | "otp-invalid"
  /** `potp` and its older name `totp` differ. */
  | "otp-ambiguous";

export interface PacFailure extends Failure {
  readonly error: "proximity-code-malformed";
  readonly reason: PacReason;
}

/** The form of a one-time password: 1 to 8 digits. */
export function isProximityOtp(text: string): boolean {
  return /^[0-9]{1,8}$/.test(text);
}

/** `scheme://code=JWT`, `scheme://any?code=JWT`, `scheme://any?oid=…[&potp=…]`. Other parameters are left alone. */
export function parsePacDeeplink(url: string): PacData | PacFailure {
  const defect = defectOf(url);
  if (defect !== undefined) return refused(defect);
  const scheme = schemePattern.exec(url);
  return scheme === null ? refused("scheme-missing") : parseLink(url.slice(scheme[0].length));
}

/** A deep link, a deep link without its scheme, or the plain JWT. */
export function parsePacCode(code: string): PacData | PacFailure {
  const defect = defectOf(code);
  if (defect !== undefined) return refused(defect);
  if (schemePattern.test(code)) return parsePacDeeplink(code);
  return code.includes("?") || code.startsWith(codePrefix) ? parseLink(code) : parseToken(code);
}

const schemePattern = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//;
const codePrefix = "code=";
const maximumLength = 4096;
const longestOperationId = 256;
const names = ["code", "oid", "potp", "totp"] as const;
type Parameters = { [Name in (typeof names)[number]]?: string };

function defectOf(text: string): PacReason | undefined {
  if (text === "") return "empty";
  if (text.length > maximumLength) return "too-long";
  return /^[\x21-\x7e]+$/.test(text) ? undefined : "character-invalid";
}

/** What follows `scheme://`. Nothing is turned to lower case, as a host would be: it may be a token. */
function parseLink(rest: string): PacData | PacFailure {
  const [link = ""] = rest.split("#", 1);
  const mark = link.indexOf("?");
  const parameters = mark >= 0 ? link.slice(mark + 1) : link.startsWith(codePrefix) ? link : "";
  const found = readParameters(parameters);
  if (isFailure(found)) return found;
  const { code, oid, potp, totp } = found;
  if (code === undefined) return oid === undefined ? refused("parameters-missing") : readMembers({ oid, potp, totp });
  const isAmbiguous = oid !== undefined || potp !== undefined || totp !== undefined;
  return isAmbiguous ? refused("parameters-ambiguous") : parseToken(code);
}

/** `+` and further `=` in a value stand for themselves. */
function readParameters(query: string): Parameters | PacFailure {
  const found: Parameters = {};
  for (const pair of query.split("&")) {
    const equals = pair.indexOf("=");
    const key = equals < 0 ? pair : pair.slice(0, equals);
    const name = names.find((one) => one === key);
    if (name === undefined) continue;
    if (found[name] !== undefined) return refused("parameter-repeated");
    const value = percentDecode(equals < 0 ? "" : pair.slice(equals + 1));
    if (value === undefined) return refused("percent-encoding-invalid");
    found[name] = value;
  }
  return found;
}

function percentDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function parseToken(token: string): PacData | PacFailure {
  const [header = "", payload = "", signature = "", ...more] = token.split(".", 4);
  if (header === "" || payload === "" || signature !== "" || more.length > 0) return refused("token-malformed");
  const head = readPart(header);
  if (head === undefined) return refused("token-header-malformed");
  const types = [head.type, head.typ].filter((type) => type !== undefined);
  const isToken = types.length > 0 && types.every((type) => typeof type === "string" && /^jwt$/i.test(type));
  if (!isToken) return refused("token-type-invalid");
  if (head.alg !== "none") return refused("token-algorithm-not-none");
  const members = readPart(payload);
  return members === undefined ? refused("token-payload-malformed") : readMembers(members);
}

/** Either Base64 alphabet, with or without padding. Undefined unless it is a JSON object. */
function readPart(part: string): Readonly<Record<string, unknown>> | undefined {
  const unpadded = part.replace(/={1,2}$/, "");
  if (unpadded !== part && part.length % 4 !== 0) return undefined;
  const padding = "=".repeat((4 - (unpadded.length % 4)) % 4);
  const bytes = fromBase64Url(unpadded) ?? fromBase64(unpadded + padding);
  const json = bytes && fromUtf8(bytes);
  if (json === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(json);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A member that is null is as good as missing. */
function readMembers(members: Readonly<Record<string, unknown>>): PacData | PacFailure {
  const { oid } = members;
  const potp = members.potp ?? undefined;
  const totp = members.totp ?? undefined;
  if (oid === undefined || oid === null || oid === "") return refused("operation-id-missing");
  if (typeof oid !== "string" || oid.length > longestOperationId) return refused("operation-id-invalid");
  if (textDefect(oid, { lineFeed: false }) !== undefined) return refused("operation-id-invalid");
  for (const otp of [potp, totp]) {
    if (otp !== undefined && !(typeof otp === "string" && isProximityOtp(otp))) return refused("otp-invalid");
  }
  if (potp !== undefined && totp !== undefined && potp !== totp) return refused("otp-ambiguous");
  const otp = potp ?? totp;
  return typeof otp === "string" ? { oid, potp: otp } : { oid };
}

function refused(reason: PacReason): PacFailure {
  return { error: "proximity-code-malformed", reason };
}
