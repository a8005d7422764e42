/** Roles of an application: free texts that verification answers repeat to the integrator. */
import type { Deps } from "../deps.ts";
import { isRefusal, type Refusal, refuse } from "../errors.ts";
import { isName } from "./application.ts";

export interface RolesInput {
  readonly applicationId: string;
  readonly roles: readonly string[];
  /** API client that asks, for the audit. */
  readonly clientId?: string | undefined;
}

/** Refuses `application-not-found`. */
export async function listRoles(
  deps: Pick<Deps, "store">,
  applicationId: string,
): Promise<readonly string[] | Refusal> {
  const row = await deps.store.read
    .selectFrom("application")
    .select("roles")
    .where("tenant", "=", deps.store.tenant)
    .where("id", "=", applicationId)
    .executeTakeFirst();
  return row === undefined ? refuse("application-not-found") : (JSON.parse(row.roles) as string[]);
}

/** All three return the roles as they are afterwards; they refuse `application-not-found` and `invalid-request`. */
export function addRoles(deps: Pick<Deps, "store">, input: RolesInput): Promise<readonly string[] | Refusal> {
  return changeRoles(deps, input, (roles) => [...roles, ...input.roles]);
}

export function setRoles(deps: Pick<Deps, "store">, input: RolesInput): Promise<readonly string[] | Refusal> {
  return changeRoles(deps, input, () => input.roles);
}

export function removeRoles(deps: Pick<Deps, "store">, input: RolesInput): Promise<readonly string[] | Refusal> {
  return changeRoles(deps, input, (roles) => roles.filter((role) => !input.roles.includes(role)));
}

const tries = 3;

async function changeRoles(
  deps: Pick<Deps, "store">,
  { applicationId, roles: named, clientId }: RolesInput,
  changed: (roles: readonly string[]) => readonly string[],
): Promise<readonly string[] | Refusal> {
  if (!named.every(isName)) return refuse("invalid-request", "applicationRoles - 1 to 255 characters each");
  for (let attempt = 0; attempt < tries; attempt++) {
    const before = await listRoles(deps, applicationId);
    if (isRefusal(before)) return before;
    const after = [...new Set(changed(before))];
    if (after.join("\n") === before.join("\n")) return before;
    const done = await deps.store.transaction(async (change) => {
      const { numUpdatedRows } = await change.db
        .updateTable("application")
        .set({ roles: JSON.stringify(after) })
        .where("tenant", "=", deps.store.tenant)
        .where("id", "=", applicationId)
        // Whoever changed them meanwhile is not overwritten.
        .where("roles", "=", JSON.stringify(before))
        .executeTakeFirstOrThrow();
      if (numUpdatedRows === 0n) return false;
      change.record({
        type: "application.roles.changed",
        subject: applicationId,
        applications: [applicationId],
        data: { roles: after, clientId },
      });
      return true;
    });
    if (done) return after;
  }
  return refuse("unavailable");
}
