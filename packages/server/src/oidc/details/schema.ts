/**
 * Which JSON Schemas may describe authorization details: a closed part of the 2020-12 vocabulary, in which every kind of
 * value is named and every object is closed. What nobody thought of is then in no details, and nothing is looked up
 * elsewhere: there is no `$ref`. Patterns are kept to those that cannot run for long.
 */
import { isJsonObject, type JsonObject } from "@countersign/protocol/json";

type Rule = string | undefined;

export const mostCharacters = 16_384;
const deepest = 12;
const longestForPattern = 256;

/** `place - rule` of what is wrong with the schema for this type of details, or undefined. */
export function schemaDefect(schema: unknown, type: string): Rule {
  if (JSON.stringify(schema).length > mostCharacters) return `schema - longer than ${mostCharacters} characters`;
  const defect = defectAt(schema, "schema", 0);
  if (defect !== undefined) return defect;
  const { type: kind, properties, required } = schema as JsonObject;
  const named = isJsonObject(properties) && isJsonObject(properties.type) && properties.type.const === type;
  const isNamed = kind === "object" && named && Array.isArray(required) && required.includes("type");
  return isNamed ? undefined : "schema - has to be an object whose required member type is the const of this name";
}

/** Whether details of this schema always have a text or a number at this place, given as reference tokens. */
export function alwaysHas(schema: unknown, [token, ...rest]: readonly string[]): boolean {
  if (!isJsonObject(schema)) return false;
  const { anyOf, oneOf, type, properties, required, items, minItems } = schema;
  const either = anyOf ?? oneOf;
  if (Array.isArray(either)) return either.every((one) => alwaysHas(one, token === undefined ? [] : [token, ...rest]));
  if (token === undefined) return isPlain(schema);
  if (type === "object") {
    const has = isJsonObject(properties) && Object.hasOwn(properties, token);
    return has && Array.isArray(required) && required.includes(token) && alwaysHas(properties[token], rest);
  }
  const at = /^(?:0|[1-9]\d{0,3})$/.test(token) ? Number(token) : Number.NaN;
  return type === "array" && typeof minItems === "number" && at < minItems && alwaysHas(items, rest);
}

function isPlain(schema: JsonObject): boolean {
  const { type } = schema;
  const values = Object.hasOwn(schema, "const") ? [schema.const] : schema.enum;
  if (Array.isArray(values)) return values.every((value) => typeof value === "string" || typeof value === "number");
  return type === "string" || type === "number" || type === "integer";
}

function defectAt(schema: unknown, place: string, depth: number): Rule {
  if (depth > deepest) return `${place} - nested too deeply`;
  if (!isJsonObject(schema)) return `${place} - no object`;
  for (const [keyword, value] of Object.entries(schema)) {
    const check = Object.hasOwn(keywords, keyword) ? keywords[keyword as keyof typeof keywords] : undefined;
    if (check === undefined) return `${place}.${keyword} - not among the keywords that are understood`;
    const rule = check(value);
    if (rule !== undefined) return `${place}.${keyword} - ${rule}`;
  }
  return together(schema, place) ?? within(schema, place, depth);
}

/** What keywords ask of each other. */
function together(schema: JsonObject, place: string): Rule {
  const has = (keyword: string) => Object.hasOwn(schema, keyword);
  if (!["type", "const", "enum", "anyOf", "oneOf"].some(has)) return `${place} - names no kind of value`;
  const isObject = schema.type === "object" || has("properties") || has("required");
  if (isObject && (schema.type !== "object" || !has("additionalProperties"))) {
    return `${place} - an object needs its type and additionalProperties false`;
  }
  const unknown = ((schema.required ?? []) as string[]).find((name) => !Object.hasOwn(schema.properties ?? {}, name));
  if (unknown !== undefined) return `${place}.required - names a member that is not among the properties`;
  if (schema.type === "array" && !has("items")) return `${place} - an array needs its items`;
  const { maxLength } = schema;
  const isShort = typeof maxLength === "number" && maxLength <= longestForPattern;
  if (has("pattern") && !isShort) return `${place}.pattern - needs a maxLength of at most ${longestForPattern}`;
  return undefined;
}

function within({ properties, items, anyOf, oneOf }: JsonObject, place: string, depth: number): Rule {
  const parts: (readonly [string, unknown])[] = [
    ...Object.entries(properties ?? {}).map(([name, held]) => [`properties.${name}`, held] as const),
    ...(items === undefined ? [] : [["items", items] as const]),
    ...Object.entries({ anyOf, oneOf }).flatMap(([name, list]) =>
      ((list ?? []) as unknown[]).map((held, at) => [`${name}.${at}`, held] as const),
    ),
  ];
  for (const [name, held] of parts) {
    const defect = defectAt(held, `${place}.${name}`, depth + 1);
    if (defect !== undefined) return defect;
  }
  return undefined;
}

const unless = (rule: string, holds: (value: unknown) => boolean) => (value: unknown) =>
  holds(value) ? undefined : rule;
const oneOf = (...values: readonly unknown[]) =>
  unless("none of the values allowed", (value) => values.includes(value));
const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
const isText = (value: unknown) => typeof value === "string" && value.length <= 1024;
const isScalar = (value: unknown) => ["string", "number", "boolean"].includes(typeof value);
const listOf = (holds: (value: unknown) => boolean, most: number) => (value: unknown) =>
  Array.isArray(value) && value.length > 0 && value.length <= most && value.every(holds);

const count = unless("no whole number", isCount);
const number = unless("no number", Number.isFinite);
const schemas = unless("not 1 to 16 schemas", listOf(isJsonObject, 16));
const words = unless("no text", isText);

const keywords = {
  $schema: oneOf("https://json-schema.org/draft/2020-12/schema"),
  $comment: words,
  title: words,
  description: words,
  type: oneOf("object", "array", "string", "number", "integer", "boolean"),
  const: unless("no text, number or truth value", isScalar),
  enum: unless("not 1 to 256 texts, numbers or truth values", listOf(isScalar, 256)),
  properties: unless("not an object of at most 64", (value) => isJsonObject(value) && Object.keys(value).length <= 64),
  required: unless("no list of names", listOf(isText, 64)),
  additionalProperties: oneOf(false),
  items: unless("no schema", isJsonObject),
  minItems: count,
  maxItems: count,
  uniqueItems: unless("no truth value", (value) => typeof value === "boolean"),
  minLength: count,
  maxLength: count,
  pattern: patternDefect,
  format: oneOf("date", "date-time", "time", "email", "uri", "uuid"),
  minimum: number,
  maximum: number,
  exclusiveMinimum: number,
  exclusiveMaximum: number,
  multipleOf: unless("no number above 0", (value) => Number.isFinite(value) && (value as number) > 0),
  anyOf: schemas,
  oneOf: schemas,
};

/** No repeated group, no reference back, no looking around, few open repetitions: nothing that tries over and over. */
function patternDefect(pattern: unknown): Rule {
  if (typeof pattern !== "string" || pattern.length > 256) return "no pattern of at most 256 characters";
  try {
    void new RegExp(pattern, "u");
  } catch {
    return "no regular expression";
  }
  const plain = pattern.replace(/\\[^1-9k]/g, "x").replace(/\[[^\]]*\]/g, "x");
  const isTame = !/\)[*+{]|\\|\(\?[^:]/.test(plain);
  const repetitions = plain.match(/[*+?]|\{\d+,\d*\}/g)?.length ?? 0;
  return isTame && repetitions <= 8 ? undefined : "repeats too much: no repeated group, at most 8 open repetitions";
}
