/** OCRA (RFC 6287): responses to challenges, in both directions, and signatures of short texts. */
import { be8, concat, fromHex, toHex, utf8, type Bytes } from "../bytes.ts";
import { type OtpHash, otpDigest, otpHmac } from "../crypto-otp.ts";

export interface OcraSuite {
  readonly text: string;
  readonly algorithm: OtpHash;
  /** 0 for the whole HMAC, otherwise 4 to 10. */
  readonly digits: number;
  readonly counter: boolean;
  /** Numeric, alphanumeric or hexadecimal; `length` characters of one party at most. */
  readonly question: { readonly format: "N" | "A" | "H"; readonly length: number };
  readonly pin?: OtpHash;
  /** Bytes of session information. */
  readonly session?: number;
  /** Seconds. */
  readonly step?: number;
}

export interface OcraInput {
  readonly counter?: number;
  /** One challenge, or the other party's and one's own (§7.2). */
  readonly questions: readonly [string, string?];
  readonly pin?: string;
  readonly session?: Bytes;
  /** Whole steps since 1970. */
  readonly time?: number;
}

const form =
  /^OCRA-1:HOTP-(SHA1|SHA256|SHA512)-(0|[4-9]|10):(C-)?Q([NAH])(\d\d)(?:-P(SHA1|SHA256|SHA512))?(?:-S(\d{3}))?(?:-T(\d{1,2})([SMH]))?$/;
const units = { S: [1, 59, 1], M: [1, 59, 60], H: [1, 48, 3600] } as const;

/** Undefined for what §6 does not know, and for a step of no time. */
export function readOcraSuite(text: string): OcraSuite | undefined {
  const [, algorithm, digits, counter, format, length, pin, session, step, unit] = form.exec(text) ?? [];
  if (algorithm === undefined || Number(length) < 4 || Number(length) > 64) return undefined;
  if (session !== undefined && (Number(session) < 1 || Number(session) > 512)) return undefined;
  const seconds = step === undefined ? undefined : stepOf(Number(step), unit as keyof typeof units);
  if (step !== undefined && seconds === undefined) return undefined;
  return {
    text,
    algorithm: algorithm as OtpHash,
    digits: Number(digits),
    counter: counter !== undefined,
    question: { format: format as "N" | "A" | "H", length: Number(length) },
    ...(pin !== undefined && { pin: pin as OtpHash }),
    ...(session !== undefined && { session: Number(session) }),
    ...(seconds !== undefined && { step: seconds }),
  };
}

function stepOf(count: number, unit: keyof typeof units): number | undefined {
  const [least, most, seconds] = units[unit];
  return count >= least && count <= most ? count * seconds : undefined;
}

const alphabets = { N: /^[0-9]+$/, A: /^[\x20-\x7e]+$/, H: /^[0-9A-Fa-f]+$/ } as const;

/** Whether a party may ask this under the suite (§5.1). */
export function isOcraQuestion({ question: { format, length } }: OcraSuite, text: string): boolean {
  return text.length <= length && alphabets[format].test(text);
}

/** Undefined where the input is not what the suite asks for. */
export function ocra(secret: Bytes, suite: OcraSuite, input: OcraInput): string | undefined {
  const data = dataInput(suite, input);
  if (data === undefined) return undefined;
  const digest = otpHmac(suite.algorithm, secret, data);
  return suite.digits === 0 ? toHex(digest) : truncated(digest, suite.digits);
}

/** RFC 4226 §5.3. */
function truncated(digest: Bytes, digits: number): string {
  const view = new DataView(digest.buffer, digest.byteOffset, digest.byteLength);
  const code = view.getUint32((digest.at(-1) as number) & 15) & 0x7fff_ffff;
  return String(code % 10 ** digits).padStart(digits, "0");
}

/** §5.1: suite, a zero byte, then what the suite names, in its order. */
function dataInput(suite: OcraSuite, { counter, questions, pin, session, time }: OcraInput): Bytes | undefined {
  const asked = questions.filter((one) => one !== undefined);
  if (!asked.every((one) => isOcraQuestion(suite, one))) return undefined;
  const missing =
    suite.counter !== (counter !== undefined) ||
    (suite.pin === undefined) !== (pin === undefined) ||
    (suite.session === undefined) !== (session === undefined) ||
    (suite.step === undefined) !== (time === undefined);
  if (missing || (session !== undefined && session.length > (suite.session as number))) return undefined;
  return concat(
    utf8(suite.text),
    new Uint8Array(1),
    ...(counter === undefined ? [] : [be8(counter)]),
    questionBytes(suite, asked.join("")),
    ...(pin === undefined ? [] : [otpDigest(suite.pin as OtpHash, utf8(pin))]),
    ...(session === undefined ? [] : [new Uint8Array((suite.session as number) - session.length), session]),
    ...(time === undefined ? [] : [be8(time)]),
  );
}

/** 128 bytes, filled up with zeros behind. A number is its hexadecimal digits, the first one in the upper half. */
function questionBytes({ question: { format } }: OcraSuite, text: string): Bytes {
  const hex = { N: () => BigInt(text).toString(16), A: () => toHex(utf8(text)), H: () => text }[format]();
  return fromHex(hex.padEnd(256, "0")) as Bytes;
}
