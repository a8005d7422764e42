/** Secrets under one label of active containers, held until the commit. */
import type { Deps } from "../../deps.ts";
import type { OtpSecretTable } from "../../store/schema.ts";
import type { Change } from "../../store/store.ts";

/** In order of container, so that two requests never wait for each other. */
export async function heldSecrets(
  { store }: Pick<Deps, "store">,
  { db }: Change,
  containerIds: readonly string[],
  label: string,
): Promise<readonly OtpSecretTable[]> {
  if (containerIds.length === 0) return [];
  const rows = await db
    .selectFrom("otp_secret")
    .selectAll()
    .where("tenant", "=", store.tenant)
    .where("activation_id", "in", [...containerIds])
    .where("label", "=", label)
    .orderBy("activation_id")
    .$if(store.dialect === "postgres", (query) => query.forUpdate())
    .execute();
  const active = await db
    .selectFrom("activation")
    .select("id")
    .where("tenant", "=", store.tenant)
    .where("id", "in", [...containerIds])
    .where("status", "=", "ACTIVE")
    .execute();
  const ids = new Set(active.map(({ id }) => id));
  return rows.filter(({ activation_id }) => ids.has(activation_id));
}
