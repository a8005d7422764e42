/**
 * Whether a new password is one that its policy takes. Works on bytes and single characters: no text of the whole password
 * comes into being, because nobody could wipe it.
 */
import { fromUtf8, type Bytes } from "@countersign/protocol/bytes";
import type { PasswordRules } from "@countersign/protocol/approve/policy";

/** Name of a member of the rules, or `encoding` for what is no UTF-8. */
export type BrokenRule = keyof PasswordRules | "encoding";

/** Longest run, in equal steps of 1, 0 or −1, that is no sequence yet. */
const longestRun = 3;

/** The first rule that the password breaks. Ages and history are looked at elsewhere. */
export function brokenRule(rules: PasswordRules, password: Bytes): BrokenRule | undefined {
  const points = codePoints(password);
  if (points === undefined) return "encoding";
  try {
    const of = countClasses(points);
    for (const [least, most, count] of [
      ["minLength", "maxLength", points.length],
      ["minUpperCase", "maxUpperCase", of.upperCase],
      ["minLowerCase", "maxLowerCase", of.lowerCase],
      ["minAlpha", "maxAlpha", of.alpha],
      ["minNumeric", "maxNumeric", of.numeric],
      ["minNonAlpha", "maxNonAlpha", of.nonAlpha],
    ] as const) {
      if (count < rules[least]) return least;
      if (count > rules[most]) return most;
    }
    return !rules.sequenceAllowed && hasSequence(points) ? "sequenceAllowed" : undefined;
  } finally {
    points.fill(0);
  }
}

/** Letters, digits, and everything else, in whatever script. */
function countClasses(points: readonly number[]) {
  const counts = { upperCase: 0, lowerCase: 0, alpha: 0, numeric: 0, nonAlpha: 0 };
  for (const point of points) {
    const character = String.fromCodePoint(point);
    if (/\p{Lu}/u.test(character)) counts.upperCase++;
    if (/\p{Ll}/u.test(character)) counts.lowerCase++;
    if (/\p{L}/u.test(character)) counts.alpha++;
    else if (/\p{Nd}/u.test(character)) counts.numeric++;
    else counts.nonAlpha++;
  }
  return counts;
}

/** 1234, 4321, abcd, dCbA, aaaa, wherever it stands. */
function hasSequence(points: readonly number[]): boolean {
  let run = 0;
  let step = Number.NaN;
  let before = Number.NaN;
  for (const point of points.map(folded)) {
    const next = point - before;
    run = next === step ? run + 1 : Math.abs(next) <= 1 ? 2 : 1;
    step = Math.abs(next) <= 1 ? next : Number.NaN;
    before = point;
    if (run > longestRun) return true;
  }
  return false;
}

function folded(point: number): number {
  return String.fromCodePoint(point).toLowerCase().codePointAt(0) ?? point;
}

function codePoints(bytes: Bytes): number[] | undefined {
  const points: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at] ?? 0;
    const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    const point = fromUtf8(bytes.subarray(at, at + length))?.codePointAt(0);
    if (point === undefined) return undefined;
    points.push(point);
    at += length;
  }
  return points;
}
