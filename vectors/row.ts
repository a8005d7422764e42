/**
 * One row of a vector file, read strictly: a missing member, one of another type or one that no check looks at makes the
 * row fail. What a check finds is collected, so that a failing row tells everything that differs.
 */
import { fromBase64, toBase64, type Bytes } from "@countersign/protocol/bytes";
import type { CryptoProvider } from "@countersign/protocol/crypto";

export type RowCheck = (crypto: CryptoProvider, row: Row, expect: Expect) => void;

export interface Row {
  readonly input: Members;
  readonly output: Members;
}

export interface Members {
  text(name: string): string;
  textOrNull(name: string): string | null;
  /** For a member that some rows do not have. */
  optionalText(name: string): string | undefined;
  bytes(name: string): Bytes;
  bytesOrNull(name: string): Bytes | null;
  number(name: string): number;
  numberOrNull(name: string): number | null;
  flag(name: string): boolean;
  texts(name: string): readonly string[];
  object(name: string): Readonly<Record<string, unknown>>;
}

export interface Expect {
  equal(what: string, actual: Comparable, expected: Comparable): void;
  that(what: string, holds: boolean): void;
}

type Comparable = Bytes | string | number | boolean | null | undefined | readonly string[];

/** Everything wrong with the row, as texts; empty when it passes. */
export function checkRow(check: RowCheck, crypto: CryptoProvider, value: unknown): string[] {
  const differences: string[] = [];
  const expect: Expect = {
    equal(what, actual, expected) {
      const [is, should] = [show(actual), show(expected)];
      if (is !== should) differences.push(`${what} is ${excerpt(is, should)}, expected ${excerpt(should, is)}`);
    },
    that(what, holds) {
      if (!holds) differences.push(`${what} does not hold`);
    },
  };
  try {
    const { input, output, ...rest } = record(value, "row");
    noOthers(Object.keys(rest), "row");
    const inputMembers = track(record(input, "input"));
    const outputMembers = track(record(output, "output"));
    check(crypto, { input: inputMembers.members, output: outputMembers.members }, expect);
    noOthers(inputMembers.unread(), "input");
    noOthers(outputMembers.unread(), "output");
  } catch (error) {
    differences.push(error instanceof ShapeError ? error.message : `threw ${String(error)}`);
  }
  return differences;
}

class ShapeError extends Error {}

function track(value: Record<string, unknown>): { readonly members: Members; unread(): string[] } {
  const read = new Set<string>();
  function take<Type>(name: string, wanted: string, accept: (member: unknown) => Type | undefined): Type {
    read.add(name);
    const accepted = Object.hasOwn(value, name) ? accept(value[name]) : undefined;
    if (accepted === undefined) throw new ShapeError(`"${name}" is not ${wanted}`);
    return accepted;
  }
  const members: Members = {
    text: (name) => take(name, "a text", text),
    textOrNull: (name) => take(name, "a text or null", orNull(text)),
    optionalText: (name) => (Object.hasOwn(value, name) ? members.text(name) : undefined),
    bytes: (name) => take(name, "Base64", base64),
    bytesOrNull: (name) => take(name, "Base64 or null", orNull(base64)),
    number: (name) => take(name, "a number", number),
    numberOrNull: (name) => take(name, "a number or null", orNull(number)),
    flag: (name) => take(name, "true or false", (member) => (typeof member === "boolean" ? member : undefined)),
    texts: (name) => take(name, "a list of texts", textList),
    object: (name) => take(name, "an object", (member) => (isRecord(member) ? member : undefined)),
  };
  return { members, unread: () => Object.keys(value).filter((name) => !read.has(name)) };
}

function text(member: unknown): string | undefined {
  return typeof member === "string" ? member : undefined;
}

function number(member: unknown): number | undefined {
  return typeof member === "number" && Number.isSafeInteger(member) ? member : undefined;
}

function base64(member: unknown): Bytes | undefined {
  return typeof member === "string" ? fromBase64(member) : undefined;
}

function textList(member: unknown): readonly string[] | undefined {
  return Array.isArray(member) && member.every((item) => typeof item === "string") ? member : undefined;
}

function orNull<Type>(accept: (member: unknown) => Type | undefined): (member: unknown) => Type | null | undefined {
  return (member) => (member === null ? null : accept(member));
}

function noOthers(names: readonly string[], where: string): void {
  if (names.length > 0) throw new ShapeError(`${where} has members nobody knows: ${names.join(", ")}`);
}

function record(value: unknown, what: string): Record<string, unknown> {
  if (!isRecord(value)) throw new ShapeError(`${what} is not an object`);
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Of a long text the part around the first difference. */
function excerpt(shown: string, other: string): string {
  if (shown.length <= 100) return shown;
  let start = 0;
  while (start < shown.length && shown[start] === other[start]) start++;
  return `…${shown.slice(Math.max(0, start - 20), start + 60)}…`;
}

function show(value: Comparable): string {
  if (value instanceof Uint8Array) return toBase64(value);
  return typeof value === "string" ? value : JSON.stringify(value ?? null);
}
