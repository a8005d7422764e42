/**
 * Request signatures: what is signed, the components, their text forms, and the search over the look-ahead window
 * (PowerAuth 3.x, signatures). Which factors a request needs and what a failure costs is not decided here.
 */
import { concat, equalTexts, fromBase64, toBase64, utf8, type Bytes } from "../bytes.ts";
import type { CryptoProvider, SecretKey } from "../crypto.ts";
import { nextCounter } from "./counter.ts";
import type { ActivationKeys } from "./keys.ts";
import type { VersionRow } from "./versions.ts";

export type Factor = "possession" | "knowledge" | "biometry";

export type FactorCombination =
  | "possession"
  | "knowledge"
  | "biometry"
  | "possession_knowledge"
  | "possession_biometry"
  | "possession_knowledge_biometry";

// No prototype: a header's text is looked up here.
const combinations: Record<FactorCombination, readonly Factor[]> = Object.assign(Object.create(null), {
  possession: ["possession"],
  knowledge: ["knowledge"],
  biometry: ["biometry"],
  possession_knowledge: ["possession", "knowledge"],
  possession_biometry: ["possession", "biometry"],
  possession_knowledge_biometry: ["possession", "knowledge", "biometry"],
} satisfies Record<FactorCombination, readonly Factor[]>);

/** In the order in which keys and components stand. */
export function factorsOf(combination: FactorCombination): readonly Factor[] {
  return combinations[combination];
}

/** In any letter case, as headers carry it. */
export function factorCombination(text: string): FactorCombination | undefined {
  const lower = text.toLowerCase();
  return lower in combinations ? (lower as FactorCombination) : undefined;
}

export function factorKeys(keys: ActivationKeys, combination: FactorCombination): SecretKey[] {
  return factorsOf(combination).map((factor) => keys[factor]);
}

/**
 * The signed text without the application secret: a front server can compute it. A missing method counts as GET; a
 * nonce given as bytes is written as canonical Base64, one given as text stands as it is.
 */
export function signatureBase(
  method: string | undefined,
  uriId: string | undefined,
  nonce: Bytes | string,
  body: Bytes | undefined,
): string {
  const parts = [
    (method ?? "GET").toUpperCase(),
    toBase64(utf8(uriId ?? "")),
    typeof nonce === "string" ? nonce : toBase64(nonce),
    body === undefined ? "" : toBase64(body),
  ];
  return parts.join("&");
}

/** The bytes that are signed. `secret` is the application secret as Base64 text, or `offline`. */
export function signedData(base: string, secret: string): Bytes {
  return utf8(`${base}&${secret}`);
}

/** One 32-byte component per key. `keys` in the order of `factorsOf`. */
export function signatureComponents(
  crypto: CryptoProvider,
  keys: readonly SecretKey[],
  ctr: Bytes,
  data: Bytes,
): Bytes[] {
  const steps = keys.map((key) => crypto.hmacSha256(key, ctr));
  return steps.map((step, index) => {
    let derived = step;
    for (let inner = 0; inner < index; inner++) {
      derived = crypto.hmacSha256(crypto.secretKey(steps[inner + 1]!), derived);
    }
    return crypto.hmacSha256(crypto.secretKey(derived), data);
  });
}

/** Text of the signature header. */
export function formatOnline(row: VersionRow, components: readonly Bytes[]): string {
  if (row.signatureFormat === "decimal") return components.map((component) => decimal(component, 8)).join("-");
  return toBase64(concat(...components.map(tail)));
}

/** Digits a person retypes, 4 to 8 per component. */
export function formatOffline(components: readonly Bytes[], length = 8): string {
  if (!Number.isInteger(length) || length < 4 || length > 8) throw new RangeError("A component has 4 to 8 digits");
  return components.map((component) => decimal(component, length)).join("-");
}

export function computeSignature(
  crypto: CryptoProvider,
  row: VersionRow,
  keys: readonly SecretKey[],
  ctr: Bytes,
  data: Bytes,
): string {
  return formatOnline(row, signatureComponents(crypto, keys, ctr, data));
}

export function computeOffline(
  crypto: CryptoProvider,
  keys: readonly SecretKey[],
  ctr: Bytes,
  data: Bytes,
  length = 8,
): string {
  return formatOffline(signatureComponents(crypto, keys, ctr, data), length);
}

/**
 * Splits the header's signature into `count` texts, each comparable with `componentText`. Undefined for a form that is not
 * the version's, or another number of components.
 */
export function parseOnline(row: VersionRow, text: string, count: number): string[] | undefined {
  if (row.signatureFormat === "decimal") return parseDecimal(text, 8, count);
  const bytes = fromBase64(text);
  if (bytes === undefined || bytes.length !== 16 * count) return undefined;
  return Array.from({ length: count }, (_, index) => toBase64(bytes.subarray(16 * index, 16 * index + 16)));
}

/** Splits a retyped code into `count` texts of `length` digits. Grouping by the user interface is undone before. */
export function parseOffline(text: string, count: number, length = 8): string[] | undefined {
  return parseDecimal(text, length, count);
}

/** The text that stands for one component in a header of this version. */
export function componentText(row: VersionRow, component: Bytes): string {
  return row.signatureFormat === "decimal" ? decimal(component, 8) : toBase64(tail(component));
}

/**
 * Searches `lookAhead` counter values, the given one first, for the one whose first component is `component`.
 * `key` is the first key of the combination, in practice possession. `ctr` of the result is the value that matched.
 */
export function findComponent(
  crypto: CryptoProvider,
  row: VersionRow,
  key: SecretKey,
  ctr: Bytes,
  lookAhead: number,
  data: Bytes,
  component: string,
): { readonly offset: number; readonly ctr: Bytes } | undefined {
  let value = ctr;
  for (let offset = 0; offset < lookAhead; offset++) {
    const computed = crypto.hmacSha256(crypto.secretKey(crypto.hmacSha256(key, value)), data);
    if (equalTexts(componentText(row, computed), component)) return { offset, ctr: value };
    value = nextCounter(crypto, value);
  }
  return undefined;
}

/** Compares every component at one counter value. All are computed and compared, whichever differs. */
export function matchesAt(
  crypto: CryptoProvider,
  row: VersionRow,
  keys: readonly SecretKey[],
  ctr: Bytes,
  data: Bytes,
  components: readonly string[],
): boolean {
  const texts = signatureComponents(crypto, keys, ctr, data).map((component) => componentText(row, component));
  return allEqual(texts, components);
}

/** `matchesAt` for a retyped code. */
export function matchesOfflineAt(
  crypto: CryptoProvider,
  keys: readonly SecretKey[],
  ctr: Bytes,
  data: Bytes,
  components: readonly string[],
  length = 8,
): boolean {
  const texts = signatureComponents(crypto, keys, ctr, data).map((component) => decimal(component, length));
  return allEqual(texts, components);
}

function allEqual(texts: readonly string[], others: readonly string[]): boolean {
  if (texts.length !== others.length || texts.length === 0) return false;
  let differing = 0;
  texts.forEach((text, index) => (differing += equalTexts(text, others[index]!) ? 0 : 1));
  return differing === 0;
}

function tail(component: Bytes): Bytes {
  return component.subarray(16);
}

/** Last four bytes without the sign bit, as that many decimal digits. */
function decimal(component: Bytes, length: number): string {
  const number = new DataView(component.buffer, component.byteOffset + component.length - 4).getUint32(0) & 0x7fffffff;
  return String(number % 10 ** length).padStart(length, "0");
}

function parseDecimal(text: string, length: number, count: number): string[] | undefined {
  if (text.length !== count * (length + 1) - 1) return undefined;
  const parts = text.split("-");
  return parts.length === count && parts.every((part) => part.length === length && /^[0-9]+$/.test(part))
    ? parts
    : undefined;
}
