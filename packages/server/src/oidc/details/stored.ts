/** Types of authorization details as an operator sees them, and their end. */
import type { Deps } from "../../deps.ts";
import { type Refusal, refuse } from "../../errors.ts";
import type { AuthorizationTypeTable } from "../../store/schema.ts";

export interface StoredType {
  readonly type: string;
  readonly template: string;
  readonly schema: Readonly<Record<string, unknown>>;
  readonly parameters: Readonly<Record<string, string>>;
  /** Epoch ms. */
  readonly updatedAt: number;
}

export function storedType(row: AuthorizationTypeTable): StoredType {
  return {
    type: row.type,
    template: row.template,
    schema: JSON.parse(row.schema) as Record<string, unknown>,
    parameters: JSON.parse(row.parameters) as Record<string, string>,
    updatedAt: row.updated_at,
  };
}

/** In order of their names. */
export async function listAuthorizationTypes({ store }: Pick<Deps, "store">): Promise<readonly StoredType[]> {
  const rows = await store.read
    .selectFrom("authorization_type")
    .selectAll()
    .where("tenant", "=", store.tenant)
    .orderBy("type")
    .execute();
  return rows.map(storedType);
}

/** Refuses `not-found`. */
export async function findAuthorizationType(
  { store }: Pick<Deps, "store">,
  type: string,
): Promise<StoredType | Refusal> {
  const row = await store.read
    .selectFrom("authorization_type")
    .selectAll()
    .where("tenant", "=", store.tenant)
    .where("type", "=", type)
    .executeTakeFirst();
  return row === undefined ? refuse("not-found") : storedType(row);
}

/**
 * Requests with details of this type are refused from now on; clients that were allowed it stay as they are. Refuses
 * `not-found`. Writes `authorization-type.removed`.
 */
export async function removeAuthorizationType(
  { store }: Pick<Deps, "store">,
  { type, clientId }: { readonly type: string; readonly clientId: string },
): Promise<{ readonly type: string } | Refusal> {
  return store.transaction(async ({ db, record }) => {
    const removed = await db
      .deleteFrom("authorization_type")
      .where("tenant", "=", store.tenant)
      .where("type", "=", type)
      .returning("type")
      .executeTakeFirst();
    if (removed === undefined) return refuse("not-found");
    record({ type: "authorization-type.removed", subject: type, applications: [], data: { type, clientId } });
    return { type };
  });
}
