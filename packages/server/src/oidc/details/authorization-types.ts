/** Kinds of `authorization_details` that are known, and the operation each makes (RFC 9396). */
import { Check } from "typebox/schema";
import { Pointer } from "typebox/value";
import type { Deps } from "../../deps.ts";
import { builtOnce } from "../../lists/built-once.ts";
import type { AuthorizationTypeTable } from "../../store/schema.ts";

export interface AuthorizationType {
  readonly type: string;
  readonly template: string;
  /** Parameter of the template → JSON pointer into the details. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly accepts: (details: unknown) => boolean;
}

export type AuthorizationTypes = ReadonlyMap<string, AuthorizationType>;

const typesQuery = builtOnce<{ readonly tenant: string }, AuthorizationTypeTable>((db, mark) =>
  db.selectFrom("authorization_type").selectAll().where("tenant", "=", mark("tenant")).orderBy("type"),
);

/** All types, and a text that changes with any of them. */
export async function readAuthorizationTypes({ store }: Pick<Deps, "store">): Promise<{
  readonly types: AuthorizationTypes;
  readonly revision: string;
}> {
  const rows = await typesQuery(store, { tenant: store.tenant });
  return {
    types: new Map(rows.map((row) => [row.type, typeOf(row)])),
    revision: rows.map(({ type, updated_at }) => `${type}@${updated_at}`).join(" "),
  };
}

function typeOf(row: AuthorizationTypeTable): AuthorizationType {
  const schema = JSON.parse(row.schema) as object;
  return {
    type: row.type,
    template: row.template,
    parameters: JSON.parse(row.parameters) as Record<string, string>,
    // Never compiled: no text of a schema becomes code.
    accepts: (details) => Check(schema, details),
  };
}

/**
 * Parameters of the operation, taken from the details; undefined where one is missing or no text or number. What the type
 * maps to no parameter goes along under its JSON pointer: a person sees everything that was asked for.
 */
export function parametersOf(
  { parameters }: AuthorizationType,
  details: object,
): Readonly<Record<string, string>> | undefined {
  const taken = Object.entries(parameters).map(([name, pointer]) => [name, textOf(Pointer.Get(details, pointer))]);
  if (taken.some(([, value]) => value === undefined)) return undefined;
  const mapped = new Set([...Object.values(parameters), "/type"]);
  const others = scalarsOf(details).filter(([pointer]) => !mapped.has(pointer));
  return Object.fromEntries([...taken, ...others]) as Record<string, string>;
}

/** Texts, numbers and truth values by their JSON pointers (RFC 6901). */
function scalarsOf(value: unknown, at = ""): (readonly [string, string])[] {
  if (typeof value === "string") return [[at, value]];
  if (typeof value !== "object") return [[at, JSON.stringify(value)]];
  return Object.entries(value ?? {}).flatMap(([name, one]) =>
    scalarsOf(one, `${at}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`),
  );
}

function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" ? String(value) : undefined;
}
