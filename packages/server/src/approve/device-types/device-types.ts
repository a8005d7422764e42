/** Device types: set, read, list, remove. */
import type { Deps } from "../../deps.ts";
import { isRefusal, type Refusal, refuse } from "../../errors.ts";
import { type DeviceType, deviceTypeColumns, deviceTypeDefect, deviceTypeOf } from "./device-type.ts";

/** Makes or replaces it. Refuses `invalid-request` and `application-not-found`. Writes `device-type.changed`. */
export async function putDeviceType(
  deps: Pick<Deps, "store">,
  { type, clientId }: { readonly type: DeviceType; readonly clientId: string },
): Promise<DeviceType | Refusal> {
  const defect = deviceTypeDefect(type);
  if (defect !== undefined) return refuse("invalid-request", defect);
  const { tenant } = deps.store;
  return deps.store.transaction(async ({ db, now, record }) => {
    const application = await db
      .selectFrom("application")
      .select("id")
      .where("tenant", "=", tenant)
      .where("id", "=", type.applicationId)
      .executeTakeFirst();
    if (application === undefined) return refuse("application-not-found");
    const columns = { ...deviceTypeColumns(type), updated_at: now };
    const row = await db
      .insertInto("device_type")
      .values({ tenant, ...columns })
      .onConflict((conflict) => conflict.columns(["tenant", "id"]).doUpdateSet(columns))
      .returningAll()
      .executeTakeFirstOrThrow();
    record({
      type: "device-type.changed",
      subject: type.id,
      applications: [],
      data: { clientId, applicationId: type.applicationId },
    });
    return deviceTypeOf(row);
  });
}

/** Refuses `device-type-not-found`. */
export async function findDeviceType(deps: Pick<Deps, "store">, id: string): Promise<DeviceType | Refusal> {
  const row = await deps.store.read
    .selectFrom("device_type")
    .selectAll()
    .where("tenant", "=", deps.store.tenant)
    .where("id", "=", id)
    .executeTakeFirst();
  return row === undefined ? refuse("device-type-not-found") : deviceTypeOf(row);
}

/** By id. */
export async function listDeviceTypes(deps: Pick<Deps, "store">): Promise<readonly DeviceType[]> {
  const rows = await deps.store.read
    .selectFrom("device_type")
    .selectAll()
    .where("tenant", "=", deps.store.tenant)
    .orderBy("id")
    .execute();
  return rows.map(deviceTypeOf);
}

/** Refuses `device-type-not-found`, and `device-type-in-use` while offers or containers name it. Writes `device-type.removed`. */
export async function removeDeviceType(
  deps: Pick<Deps, "store">,
  { id, clientId }: { readonly id: string; readonly clientId: string },
): Promise<{ readonly id: string } | Refusal> {
  const type = await findDeviceType(deps, id);
  if (isRefusal(type)) return type;
  const { tenant } = deps.store;
  return deps.store.transaction(async ({ db, record }) => {
    for (const table of ["container", "enrol_offer"] as const) {
      const user = await db
        .selectFrom(table)
        .select("device_type")
        .where("tenant", "=", tenant)
        .where("device_type", "=", id)
        .limit(1)
        .executeTakeFirst();
      if (user !== undefined) return refuse("device-type-in-use");
    }
    await db.deleteFrom("device_type").where("tenant", "=", tenant).where("id", "=", id).execute();
    record({ type: "device-type.removed", subject: id, applications: [], data: { clientId } });
    return { id };
  });
}
