/** Inputs for fuzzing: how often one runs, how long one input may take, and how texts are spoiled. */
import assert from "node:assert/strict";
import fc from "fast-check";

/** 20,000 inputs unless FUZZ_RUNS says otherwise. */
export const fuzzRuns: { readonly numRuns: number } = { numRuns: Number(process.env.FUZZ_RUNS ?? 20_000) };

export const mostMs = 50;

/** Fails above 50 ms of this thread's own time, whatever else the machine does: what is slow has to be so three times. */
export function inTime<Result>(run: () => Result): Result {
  const { result, ms } = timed(run);
  assert.ok(ms <= mostMs, `one input took ${ms} ms`);
  return result;
}

/** The quickest of three, where the first run was slow: a collection of garbage is not the input's doing. */
export function timed<Result>(run: () => Result): { readonly result: Result; readonly ms: number } {
  let ms = Number.POSITIVE_INFINITY;
  for (let attempt = 1; ; attempt++) {
    const started = process.threadCpuUsage();
    const result = run();
    const { user, system } = process.threadCpuUsage(started);
    ms = Math.min(ms, (user + system) / 1000);
    if (ms <= mostMs || attempt === 3) return { result, ms };
  }
}

/** Characters and pieces that mean something in one of the grammars, or look as if they did. */
const pieces = [
  "\n",
  "\r",
  "\r\n",
  "\t",
  "\u0000",
  "\u007f",
  "\u0085",
  "\u2028",
  "\\",
  "\\n",
  "\\*",
  "*",
  "**",
  "&",
  "=",
  "==",
  "?",
  "#",
  "%",
  "%00",
  "%41",
  "%C5%BE",
  "%ff",
  "+",
  "/",
  "-",
  "_",
  ".",
  "..",
  ",",
  ":",
  "://",
  "0",
  "1",
  "2",
  "9",
  "００",
  "A",
  "A1",
  "A1*",
  "*A1CZK",
  "*D20240230",
  "*D20240229",
  "*I",
  "*Tx",
  "*X",
  "B",
  "ſ",
  "ı",
  "ž",
  "🔑",
  "\ud83d",
  "\udd11",
  "oid=",
  "potp=",
  "totp=",
  "code=",
  "oid",
  "&potp=1",
  "e30",
  "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0",
  '{"oid":"a"}',
  "constructor",
  "__proto__",
];

/** The text with one to three places replaced, removed, repeated or added to. */
export function spoiled(texts: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const change = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.nat(8),
    put: fc.oneof(fc.constant(""), fc.constantFrom(...pieces), fc.constant(undefined)),
  });
  return fc.tuple(texts, fc.array(change, { minLength: 1, maxLength: 3 })).map(([text, changes]) =>
    changes.reduce((old, { at, length, put }) => {
      const start = Math.floor(at * old.length);
      const cut = old.slice(start, start + length);
      return old.slice(0, start) + (put ?? cut + cut) + old.slice(start + (put === undefined ? length : length % 3));
    }, text),
  );
}

/** Pieces in a row, few or very many. */
export const rubbish: fc.Arbitrary<string> = fc.oneof(
  { weight: 9, arbitrary: fc.array(fc.constantFrom(...pieces), { maxLength: 20 }).map((parts) => parts.join("")) },
  { weight: 2, arbitrary: fc.string({ unit: "binary", maxLength: 40 }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...pieces), fc.nat(5000), fc.constantFrom("", ...pieces))
      .map(([piece, count, end]) => piece.repeat(count) + end),
  },
);
