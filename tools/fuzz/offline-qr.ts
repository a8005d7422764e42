/** Offline codes for fuzzing, and their grammar written a second time, as patterns. */
import type { OperationField } from "@countersign/protocol/operation/data";
import { composeOfflineData } from "@countersign/protocol/operation/offline-qr";
import fc from "fast-check";
import { rubbish, spoiled } from "./inputs.ts";

const text = "(?:[^\\\\*]|\\\\[^])*(?:\\\\$)?";
const fields = [
  "A-?(?:\\d+(?:\\.\\d+)?|\\.\\d+)[A-Za-z]{3}",
  "I[\\dA-Z]+(?:,[\\dA-Z]*)?",
  "D\\d{8}",
  `[B-CE-HJ-Za-z]${text}`,
].join("|");
const dataPattern = new RegExp(`^[A-Z]\\d{1,2}(?:\\*(?:${fields})?){0,6}$`);
const noncePattern = /^[A-Za-z0-9+/]{21}[AQgw]==$/;
const signaturePattern = /^[01](?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$/;

/** True for a date field whose day the calendar has. */
function isDay(date: string): boolean {
  const day = `${date.slice(1, 5)}-${date.slice(5, 7)}-${date.slice(7)}`;
  const time = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day) && !day.startsWith("0000");
}

export function isOfflineQr(code: string): boolean {
  const lines = code.split("\n");
  const [id = "", , , data = "", , totp = ""] = lines;
  const last = lines.at(-1)!;
  const length = Buffer.from(last.slice(1), "base64").length;
  const [, ...parts] = data.replace(/\\[^]/g, "xx").split("*");
  const dates = parts.filter((part) => part.startsWith("D"));
  return (
    code.length <= 7089 &&
    code.isWellFormed() &&
    !/[^\P{Cc}\n]/u.test(code) &&
    lines.length >= 7 &&
    id !== "" &&
    dataPattern.test(data) &&
    dates.every(isDay) &&
    (lines.length === 7 || /^\d{0,8}$/.test(totp)) &&
    noncePattern.test(lines.at(-2)!) &&
    signaturePattern.test(last) &&
    length >= 64 &&
    length <= 255
  );
}

const plain = fc.string({ unit: fc.constantFrom(...Array.from("ab\\*\n,ž🔑&=%0")), maxLength: 12 });
const escape = (value: string) => value.replace(/[\\*\n]/g, (found) => (found === "\n" ? "\\n" : `\\${found}`));
const letters = fc.constantFrom(...Array.from("BCEFGHJKLMOPSUVWXYZabz"));
const day = fc
  .date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));
const field: fc.Arbitrary<readonly [raw: string, OperationField]> = fc.oneof(
  fc.constant(["", { type: "empty" }] as const),
  fc
    .tuple(fc.stringMatching(/^-?(?:\d{1,15}(?:\.\d{1,4})?|\.\d{1,4})$/), fc.stringMatching(/^[A-Za-z]{3}$/))
    .map(([amount, code]) => [`A${amount}${code}`, { type: "amount", amount, currency: code.toUpperCase() }] as const),
  fc
    .tuple(fc.stringMatching(/^[0-9A-Z]{1,34}$/), fc.option(fc.stringMatching(/^[0-9A-Z]{1,11}$/), { nil: undefined }))
    .map(([iban, bic]) =>
      bic === undefined
        ? ([`I${iban}`, { type: "account", iban }] as const)
        : ([`I${iban},${bic}`, { type: "account", iban, bic }] as const),
    ),
  day.map((date) => [`D${date.replaceAll("-", "")}`, { type: "date", date }] as const),
  plain.map((value) => [`Q${escape(value)}`, { type: "any-account", text: value }] as const),
  plain.map((value) => [`R${escape(value)}`, { type: "reference", text: value }] as const),
  plain.map((value) => [`N${escape(value)}`, { type: "note", text: value }] as const),
  plain.map((value) => [`T${escape(value)}`, { type: "text", text: value }] as const),
  fc
    .tuple(letters, plain)
    .map(([letter, value]) => [`${letter}${escape(value)}`, { type: "unknown", letter, text: value }] as const),
);

export const operation = fc.record({
  operationId: fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 }).filter((id) => !/\p{Cc}/u.test(id)),
  title: plain,
  message: plain,
  version: fc.constantFrom(...Array.from("AABZ")),
  template: fc.nat(99),
  fields: fc.array(field, { maxLength: 6 }),
  flags: fc.record(
    {
      biometryAllowed: fc.boolean(),
      flipButtons: fc.boolean(),
      fraudWarning: fc.boolean(),
      blockWhenOnCall: fc.boolean(),
    },
    { noNullPrototype: true },
  ),
  totp: fc.option(fc.stringMatching(/^\d{0,8}$/), { nil: undefined }),
  further: fc.array(plain.map(escape), { maxLength: 2 }),
  nonce: fc.uint8Array({ minLength: 16, maxLength: 16 }),
});
export type Operation = typeof operation extends fc.Arbitrary<infer One> ? One : never;

export const dataOf = ({ version, template, fields: all }: Operation) =>
  [version + String(template), ...all.map(([raw]) => raw)].join("*");

/** Compose as a server does; further lines come with a password's. */
export function linesOf(one: Operation): string {
  const data = composeOfflineData({ ...one, operationData: dataOf(one) });
  return one.totp === undefined ? data : [data, one.totp, ...one.further].join("\n");
}

const sample = Buffer.alloc(71, 0x5a).toString("base64");
const unsigned = operation.map((one) => `${linesOf(one)}\n${Buffer.from(one.nonce).toString("base64")}\n0${sample}`);

/** Right ones, spoiled ones and rubbish. */
export const offlineCodes = fc.oneof(unsigned, spoiled(unsigned), rubbish);
