/** Says what authorization details of a type look like, and which operation they make. */
import type { Deps } from "../../deps.ts";
import { type Refusal, refuse } from "../../errors.ts";
import { alwaysHas, schemaDefect } from "./schema.ts";
import { type StoredType, storedType } from "./stored.ts";

export interface SetAuthorizationType {
  readonly type: string;
  readonly template: string;
  /** JSON Schema of the details. */
  readonly schema: object;
  /** Parameter of the template → JSON pointer into the details. */
  readonly parameters: Readonly<Record<string, string>>;
  /** API client that asks, for the audit. */
  readonly clientId: string;
}

/** What the server puts in by itself where a template has a place for it. */
const ownParameters = ["bindingMessage", "clientName"];

/**
 * Takes the place of the one that was there. Refuses `invalid-request` with the member: a schema that is none or not
 * understood, a template that does not exist or needs more, a pointer to what may be missing. Writes
 * `authorization-type.set`.
 */
export async function setAuthorizationType(
  { store }: Pick<Deps, "store">,
  { type, template, schema, parameters, clientId }: SetAuthorizationType,
): Promise<StoredType | Refusal> {
  const defect = schemaDefect(schema, type) ?? lostParameter(schema, parameters);
  if (defect !== undefined) return refuse("invalid-request", defect);
  const { tenant } = store;
  return store.transaction(async ({ db, now, record }) => {
    const made = await db
      .selectFrom("operation_template")
      .select("data_template")
      .where("tenant", "=", tenant)
      .where("name", "=", template)
      .executeTakeFirst();
    if (made === undefined) return refuse("invalid-request", "template - unknown");
    const given = new Set([...Object.keys(parameters), ...ownParameters]);
    const places = [...made.data_template.matchAll(/\$\{([^${}]*)\}/g)].map(([, name]) => name as string);
    if (!places.every((name) => given.has(name))) {
      return refuse("invalid-request", "parameters - the template needs more");
    }
    const columns = { template, schema: JSON.stringify(schema), parameters: JSON.stringify(parameters) };
    const row = await db
      .insertInto("authorization_type")
      .values({ tenant, type, ...columns, updated_at: now })
      .onConflict((conflict) =>
        conflict.columns(["tenant", "type"]).doUpdateSet((eb) => ({
          ...columns,
          // Rises with every change: by it a node sees that it has an older one.
          updated_at: eb
            .case()
            .when("authorization_type.updated_at", ">=", now)
            .then(eb("authorization_type.updated_at", "+", 1))
            .else(now)
            .end(),
        })),
      )
      .returningAll()
      .executeTakeFirstOrThrow();
    const stored = storedType(row);
    record({ type: "authorization-type.set", subject: type, applications: [], data: { ...stored, clientId } });
    return stored;
  });
}

function lostParameter(schema: object, parameters: Readonly<Record<string, string>>): string | undefined {
  const lost = Object.entries(parameters).find(([, pointer]) => !alwaysHas(schema, tokensOf(pointer)));
  return lost && `parameters.${lost[0]} - leads to no text or number that is always there`;
}

/** RFC 6901 §3. */
function tokensOf(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}
