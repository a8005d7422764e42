/**
 * The QR code of an offline operation and what the device signs in answer (PowerAuth 3.x, offline signatures).
 * A payload that parses is not yet one that is genuine: `verifyOfflinePayload` before anything is shown.
 */
import { fromBase64, toBase64, utf8, type Bytes } from "../bytes.ts";
import type { CryptoProvider, PrivateKey, PublicKey } from "../crypto.ts";
import { isFailure, type Failure } from "../errors.ts";
import { signatureBase, signedData } from "../powerauth/signature.ts";
import { parseOperationData, unescapeField, type OperationData, type OperationDataReason } from "./data.ts";
import { isProximityOtp } from "./pac.ts";
import { textDefect, type TextDefect } from "./plain-text.ts";

/** `0`: the application's master key. `1`: the server key of the activation. */
export type OfflineKeyIndicator = "0" | "1";

/** Stands in the signed data where the application secret stands online. */
export const offlineSecret = "offline";
export const offlineUriId = "/operation/authorize/offline";

export interface OfflineFlags {
  readonly biometryAllowed: boolean;
  readonly flipButtons: boolean;
  readonly fraudWarning: boolean;
  readonly blockWhenOnCall: boolean;
}

export interface OfflinePayload {
  readonly operationId: string;
  readonly title: string;
  readonly message: string;
  /** As sent: it is signed as sent. */
  readonly operationData: string;
  readonly flags: OfflineFlags;
  readonly totp?: string | undefined;
  /** Base64 of 16 bytes. */
  readonly nonce: string;
  readonly keyIndicator: OfflineKeyIndicator;
  readonly signature: Bytes;
  /** What the signature covers: the text up to and with the key indicator. */
  readonly signedText: string;
  /** More lines than this version knows. They are signed, and not shown. */
  readonly isNewerFormat: boolean;
}

export interface OfflineQr extends OfflinePayload {
  readonly data: OperationData;
}

export type OfflineQrReason =
  /** More than any QR code holds. */
  | "too-long"
  | TextDefect
  | "lines-missing"
  | "operation-id-missing"
  | "signing-key-unknown"
  | "signature-malformed"
  | "nonce-malformed"
  | "totp-malformed"
  | OperationDataReason;

export interface OfflineQrFailure extends Failure {
  readonly error: "offline-payload-malformed";
  readonly reason: OfflineQrReason;
}

/** Server: the first five lines. Title and message may have several lines; what else is no plain text throws. */
export function composeOfflineData(operation: {
  readonly operationId: string;
  readonly title: string;
  readonly message: string;
  readonly operationData: string;
  readonly flags: Partial<OfflineFlags>;
}): string {
  const { flags } = operation;
  const letters = flagLetters.filter(([, name]) => flags[name] === true).map(([letter]) => letter);
  const lines = [
    operation.operationId,
    escapeLine(operation.title),
    escapeLine(operation.message),
    operation.operationData,
    letters.join(""),
  ];
  const isPlain = lines.every((line) => textDefect(line, { lineFeed: false }) === undefined);
  if (!isPlain) throw new RangeError("A line of the payload is no plain text");
  return lines.join("\n");
}

/** Server: appends one-time password, nonce, key indicator and signature to the lines of `composeOfflineData`. */
export function signOfflinePayload(
  crypto: CryptoProvider,
  privateKey: PrivateKey,
  keyIndicator: OfflineKeyIndicator,
  data: string,
  nonce: Bytes,
  totp?: string,
): string {
  const signedText = [data, ...(totp === undefined ? [] : [totp]), toBase64(nonce), keyIndicator].join("\n");
  return signedText + toBase64(crypto.sign(privateKey, utf8(signedText), "der"));
}

/** Device: the whole code, with its operation data read. `offline-payload-malformed` with a reason. */
export function parseOfflineQr(text: string): OfflineQr | OfflineQrFailure {
  const payload = parseOfflinePayload(text);
  if (isFailure(payload)) return payload;
  const data = parseOperationData(payload.operationData);
  return isFailure(data) ? malformed(data.reason) : { ...payload, data };
}

/** Device: the lines of a code, whatever its operation data says. `offline-payload-malformed` with a reason. */
export function parseOfflinePayload(text: string): OfflinePayload | OfflineQrFailure {
  if (text.length > maximumLength) return malformed("too-long");
  const defect = textDefect(text, { lineFeed: true });
  if (defect !== undefined) return malformed(defect);
  const lines = text.split("\n");
  if (lines.length < 7) return malformed("lines-missing");
  const [operationId, title, message, operationData, flags] = lines as [string, string, string, string, string];
  const nonce = lines.at(-2)!;
  const lastLine = lines.at(-1)!;
  const keyIndicator = lastLine.slice(0, 1);
  const signature = fromBase64(lastLine.slice(1));
  const totp = lines.length > 7 ? lines[5] : undefined;
  if (operationId === "") return malformed("operation-id-missing");
  if (keyIndicator !== "0" && keyIndicator !== "1") return malformed("signing-key-unknown");
  if (signature === undefined || signature.length < 64 || signature.length > 255) {
    return malformed("signature-malformed");
  }
  if (fromBase64(nonce)?.length !== 16) return malformed("nonce-malformed");
  // An empty line keeps the place of a password that the operation does not have.
  if (totp !== undefined && totp !== "" && !isProximityOtp(totp)) return malformed("totp-malformed");
  return {
    operationId,
    title: unescapeField(title),
    message: unescapeField(message),
    operationData,
    flags: readFlags(flags),
    ...(totp !== undefined && { totp }),
    nonce,
    keyIndicator,
    signature,
    signedText: text.slice(0, text.length - lastLine.length + 1),
    isNewerFormat: lines.length > 8,
  };
}

/** `publicKey`: the master key for indicator `0`, the activation's server key for `1`. */
export function verifyOfflinePayload(crypto: CryptoProvider, publicKey: PublicKey, payload: OfflinePayload): boolean {
  return crypto.verify(publicKey, utf8(payload.signedText), payload.signature, "der");
}

/** The body a device signs to approve: id, data and, where the payload has one, the one-time password. */
export function authorizeBody(operationId: string, operationData: string, totp?: string): Bytes {
  return utf8([operationId, operationData, ...(totp === undefined ? [] : [totp])].join("&"));
}

/** The data that `computeOffline` signs. `nonce` is used as received. */
export function offlineSignedData(nonce: string, body: Bytes, uriId: string = offlineUriId): Bytes {
  return signedData(signatureBase("POST", uriId, nonce, body), offlineSecret);
}

/** `1234-5678-9012-3456`, as shown for retyping, to `12345678-90123456`; undefined unless the digits come out even. */
export function regroupOfflineCode(text: string, count: number, length = 8): string | undefined {
  if (text.length > 64 || !/^[0-9 -]+$/.test(text)) return undefined;
  const digits = text.replaceAll(/[ -]/g, "");
  if (digits.length !== count * length) return undefined;
  return Array.from({ length: count }, (_, index) => digits.slice(index * length, (index + 1) * length)).join("-");
}

const flagLetters = [
  ["B", "biometryAllowed"],
  ["X", "flipButtons"],
  ["F", "fraudWarning"],
  ["C", "blockWhenOnCall"],
] as const satisfies readonly (readonly [string, keyof OfflineFlags])[];

function readFlags(text: string): OfflineFlags {
  return Object.fromEntries(
    flagLetters.map(([letter, name]) => [name, text.includes(letter)]),
  ) as unknown as OfflineFlags;
}

/** An asterisk means nothing here. Readers take an escaped one all the same, as in a field. */
function escapeLine(text: string): string {
  return text.replace(/[\\\n]/g, (character) => (character === "\n" ? "\\n" : "\\\\"));
}

/** Digits in the largest QR code. Any other characters are fewer. */
const maximumLength = 7089;

function malformed(reason: OfflineQrReason): OfflineQrFailure {
  return { error: "offline-payload-malformed", reason };
}
