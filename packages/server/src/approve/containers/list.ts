/** Containers for the back office: in pages, and one with its keys (Approve protocol §2). */
import { sql } from "kysely";
import type { DeviceInfo } from "@countersign/protocol/approve/enrol";
import { type ActivationSearch, statusIs } from "../../activations/list.ts";
import type { Deps } from "../../deps.ts";
import { isOneOf, newestPage, type Page } from "../../lists/newest-page.ts";
import type { ContainerKeyTable, ContainerTable } from "../../store/schema.ts";
import type { ActivationRow } from "../../store/store.ts";

/** Newest first. */
export async function searchContainers(
  deps: Pick<Deps, "store">,
  { userId, applications, statuses, after, limit }: ActivationSearch,
): Promise<Page<ActivationRow>> {
  const now = await deps.store.now();
  return newestPage(deps.store, "activation", {
    indexed: [userId === undefined ? undefined : sql`user_id = ${userId}`],
    filtered: [
      sql`protocol = 'approve'`,
      applications === undefined ? undefined : isOneOf("application_id", applications),
      statuses === undefined ? undefined : statusIs(statuses, now),
    ],
    after,
    limit,
  });
}

export interface ContainerDetail {
  readonly activation: ActivationRow;
  readonly row: ContainerTable;
  readonly device: DeviceInfo;
  /** All of them, retired ones too, oldest first. */
  readonly keys: readonly ContainerKeyTable[];
}

/** Undefined for anything that is no container. */
export async function containerDetail(deps: Pick<Deps, "store">, id: string): Promise<ContainerDetail | undefined> {
  const { read, tenant } = deps.store;
  const activation = await deps.store.findActivation(id);
  if (activation?.protocol !== "approve") return undefined;
  const row = await read
    .selectFrom("container")
    .selectAll()
    .where("tenant", "=", tenant)
    .where("activation_id", "=", id)
    .executeTakeFirstOrThrow();
  const keys = await read
    .selectFrom("container_key")
    .selectAll()
    .where("tenant", "=", tenant)
    .where("activation_id", "=", id)
    .orderBy("created_at")
    .orderBy("use")
    .execute();
  return { activation, row, device: JSON.parse(row.info) as DeviceInfo, keys };
}

/** One-time-password secrets get their tries back with their container. */
export async function forgiveOtpFailures({ store }: Pick<Deps, "store">, id: string): Promise<void> {
  await store.transaction(({ db }) =>
    db
      .updateTable("otp_secret")
      .set({ failed_attempts: 0 })
      .where("tenant", "=", store.tenant)
      .where("activation_id", "=", id)
      .execute(),
  );
}
