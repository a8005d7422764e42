/**
 * What makes a PIN easy to guess. Pure; works on the bytes of ASCII digits, so that a password need not become a string.
 */
import { isFrequentPin } from "./frequent-pins.ts";

/** From worst to harmless. */
export type PinIssue = "NOT_UNIQUE" | "REPEATING_CHARS" | "PATTERN_FOUND" | "POSSIBLY_DATE" | "FREQUENTLY_USED";

export interface PinStrength {
  readonly issues: readonly PinIssue[];
  readonly shouldWarn: boolean;
}

const shortest = 4;
const longest = 100;

/** `digits` are numbers from 0 to 9. Undefined for fewer than 4 or more than 100, or for anything else among them. */
export function pinStrength(digits: readonly number[]): PinStrength | undefined {
  if (digits.length < shortest || digits.length > longest) return undefined;
  if (!digits.every((digit) => Number.isInteger(digit) && digit >= 0 && digit <= 9)) return undefined;
  const issues = checks.filter(([, found]) => found(digits)).map(([issue]) => issue);
  const serious = warnings(digits.length);
  return { issues, shouldWarn: issues.some((issue) => serious.includes(issue)) };
}

/** A short PIN nearly always has a pattern: only what is serious at its length is worth a warning. */
function warnings(length: number): readonly PinIssue[] {
  const always: readonly PinIssue[] = ["FREQUENTLY_USED", "NOT_UNIQUE"];
  if (length === 4) return always;
  return length <= 6 ? [...always, "REPEATING_CHARS"] : [...always, "REPEATING_CHARS", "PATTERN_FOUND"];
}

type Digits = readonly number[];

const checks: readonly (readonly [PinIssue, (digits: Digits) => boolean])[] = [
  ["NOT_UNIQUE", (digits) => new Set(digits).size < (digits.length <= 7 ? 3 : 4)],
  ["REPEATING_CHARS", hasRepeatedGroup],
  ["PATTERN_FOUND", (digits) => digitsInRuns(digits) > toleratedInRuns(digits.length)],
  ["POSSIBLY_DATE", isPossiblyDate],
  ["FREQUENTLY_USED", isFrequentPin],
];

/** A group of two or more digits that comes again later, as it is or mirrored: 4747, 1221, 12-9-12. */
function hasRepeatedGroup(digits: Digits): boolean {
  for (let start = 0; start + 4 <= digits.length; start++) {
    const [first, second] = [digits[start], digits[start + 1]];
    for (let later = start + 2; later + 2 <= digits.length; later++) {
      const [third, fourth] = [digits[later], digits[later + 1]];
      if ((first === third && second === fourth) || (first === fourth && second === third)) return true;
    }
  }
  return false;
}

/** Digits that belong to a run of three or more with one step between neighbours: 123, 8642, 777. */
function digitsInRuns(digits: Digits): number {
  const inRun = new Set<number>();
  const step = (index: number) => (digits[index] ?? 0) - (digits[index - 1] ?? 0);
  for (let index = 2; index < digits.length; index++) {
    if (step(index) === step(index - 1)) for (const place of [index - 2, index - 1, index]) inRun.add(place);
  }
  return inRun.size;
}

function toleratedInRuns(length: number): number {
  if (length <= 5) return 2;
  if (length === 6) return 3;
  return length <= 8 ? 4 : Math.floor(length / 2);
}

/** Day and month in either order, or a year; with a short year for six digits, with a full one for eight. */
function isPossiblyDate(digits: Digits): boolean {
  const number = (start: number, length: number) => Number(digits.slice(start, start + length).join(""));
  const isDay = isDayOf(number(0, 2), number(2, 2)) || isDayOf(number(2, 2), number(0, 2));
  switch (digits.length) {
    case 4:
      return isDay || isYear(number(0, 4));
    case 6:
      return isDay;
    case 8:
      return isDay && isYear(number(4, 4));
    default:
      return false;
  }
}

const daysOfMonth = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function isDayOf(day: number, month: number): boolean {
  return day >= 1 && day <= (daysOfMonth[month - 1] ?? 0);
}

function isYear(year: number): boolean {
  return year >= 1900 && year <= 2099;
}
