/** Requests for fuzzing: right ones, as the documents show them, and what a few edits make of them. */
import fc from "fast-check";
import { rubbish, spoiled } from "../../tools/fuzz/inputs.ts";

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

export interface Request {
  readonly method: string;
  /** With its parameters in place. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  /** Text as it is sent; undefined for none. */
  readonly body: string | undefined;
}

export interface Edit {
  /** Which place of the request, by number. */
  readonly place: number;
  readonly how: "replace" | "remove" | "repeat" | "add" | "wrap" | "rename" | "nudge";
  readonly value: Json;
}

const deep = (levels: number): Json => {
  let value: Json = 1;
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? { a: value } : [value];
  return value;
};

/** Values that mean something somewhere, or look as if they did. */
const odd: readonly Json[] = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  1.5,
  1e308,
  Number.MAX_SAFE_INTEGER,
  Number.MAX_SAFE_INTEGER + 2,
  "",
  " ",
  "0",
  "-1",
  "true",
  "null",
  "\u0000",
  "a\u0000b",
  "\ud800",
  "\udc00a",
  "\u202e",
  "\u0085",
  "ž🔑",
  "%",
  "%00",
  "'",
  "'; drop table operation; --",
  "$1",
  "../../etc/passwd",
  "<script>",
  "constructor",
  "__proto__",
  "2026-02-30T00:00:00Z",
  "9999-12-31T23:59:59Z",
  "2026-11-27T08:00:00+99:99",
  "AAAA",
  "AAAAAAAAAAAAAAAAAAAAAA==",
  "A".repeat(22),
  "A".repeat(43),
  "3.3",
  "4.0",
  "POSSESSION_KNOWLEDGE",
  "possession",
  "http://127.0.0.1/",
  "file:///etc/passwd",
  "00000000-0000-4000-8000-000000000000",
  "x".repeat(255),
  "x".repeat(256),
  "x".repeat(5000),
  [],
  {},
  [[]],
  [null],
  { requestObject: {} },
  { toString: 1, constructor: 1 },
  deep(31),
  deep(40),
  deep(300),
  Array.from({ length: 1001 }, (_, at) => `x${at}`),
];

const values: fc.Arbitrary<Json> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...odd) },
  { weight: 2, arbitrary: rubbish },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json> },
  { weight: 1, arbitrary: fc.integer() },
);

export const edits: fc.Arbitrary<readonly Edit[]> = fc.array(
  fc.record({
    place: fc.nat(),
    how: fc.constantFrom("replace", "replace", "replace", "remove", "repeat", "add", "wrap", "rename"),
    value: values,
  }),
  { maxLength: 3 },
);

/** One value changed into another of the same form: what gets past every look at forms. */
export const nudges: fc.Arbitrary<readonly Edit[]> = fc
  .nat()
  .map((place): readonly Edit[] => [{ place, how: "nudge", value: null }]);

/** What becomes of the text of a body: usually nothing. */
export const textEdit: fc.Arbitrary<((text: string) => string) | undefined> = fc.oneof(
  { weight: 12, arbitrary: fc.constant(undefined) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.double({ min: 0, max: 1, noNaN: true }), spoiled(fc.constant('"x":1,')))
      .map(([at, piece]) => (text: string) => {
        const place = Math.floor(at * text.length);
        return text.slice(0, place) + piece + text.slice(place + piece.length);
      }),
  },
  { weight: 1, arbitrary: rubbish.map((text) => () => text) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom("[", '{"a":', '{"requestObject":', '[{"__proto__":')
      .map((piece) => () => piece.repeat(20_000)),
  },
);

/** The body with its edits done, each at a place of the body as it is by then. */
export function edited(body: Json, changes: readonly Edit[]): Json {
  const root = { body: structuredClone(body) };
  for (const change of changes) apply(root, change);
  return root.body;
}

function apply(root: { body: Json }, { place, how, value }: Edit): void {
  const put = structuredClone(value);
  const places = placesOf(root);
  const [holder, key] = places[place % places.length]!;
  const old = holder[key]!;
  if (how === "replace") holder[key] = put;
  else if (how === "nudge") holder[key] = nudged(old, place);
  else if (how === "wrap") holder[key] = [old];
  else if (how === "add" && isObject(old)) old[typeof put === "string" && put !== "__proto__" ? put : "more"] = put;
  else if (how === "repeat" && Array.isArray(old)) old.push(...structuredClone(old));
  else if (holder === (root as object)) holder[key] = put;
  else if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else {
    delete holder[key];
    if (how === "rename") holder[`${key}s`] = old;
  }
}

function nudged(old: Json, at: number): Json {
  // Far enough to leave every tolerance of a clock.
  if (typeof old === "number") return old + 1_000_000_000;
  if (typeof old === "boolean") return !old;
  if (typeof old !== "string" || old === "") return old;
  const place = at % old.length;
  const other = old[place] === "b" ? "c" : "b";
  return old.slice(0, place) + other + old.slice(place + 1);
}

type Holder = { [name: string]: Json };

function isObject(one: Json): one is Holder {
  return typeof one === "object" && one !== null && !Array.isArray(one);
}

/** Every place at which a value stands, by what holds it. Not further down than bodies go. */
function placesOf(holder: Holder, levels = 8): [Holder, string][] {
  if (levels === 0) return [];
  return Object.keys(holder).flatMap((key): [Holder, string][] => {
    const inner = holder[key]!;
    const below = typeof inner === "object" && inner !== null ? placesOf(inner as Holder, levels - 1) : [];
    return [[holder, key], ...below];
  });
}
