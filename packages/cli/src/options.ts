/** Readers for values of options. What they refuse ends in a usage error before anything is done. */
import { InvalidArgumentError } from "commander";

export function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Not a whole number.");
}

/** Gathers an option that may be given more than once. */
export function listed(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** From one up. */
export function atLeastOne(text: string): number {
  const number = wholeNumber(text);
  if (number > 0) return number;
  throw new InvalidArgumentError("Not a number from 1 up.");
}

/** A point in time that says where it is: `2026-11-27T08:00:00Z`, or a day in UTC. */
export function pointInTime(text: string): string {
  const at = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text) ? new Date(text) : undefined;
  if (at === undefined || Number.isNaN(at.getTime()))
    throw new InvalidArgumentError("Not a day or a time with its zone.");
  return at.toISOString();
}

/** Upper case, repeatable: names of states, however they are typed. */
export function upperCase(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text.toUpperCase()];
}

/** Gathers `name=value` pairs; the value may contain `=` and may be empty. */
export function pair(text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const at = text.indexOf("=");
  const name = text.slice(0, at);
  if (at < 1) throw new InvalidArgumentError("Not of the form name=value.");
  if (Object.hasOwn(before, name)) throw new InvalidArgumentError(`${name} is given twice.`);
  return { ...before, [name]: text.slice(at + 1) };
}
