/** Registered devices of a user, and those of them that may be written to. */
import type { Deps } from "../deps.ts";
import { deviceOf, type PushDevice, type ReachableDevice, tokenPlace } from "./device.ts";

export interface Recipients {
  readonly applicationId: string;
  readonly userId: string;
  /** Only this one, when given. */
  readonly activationId?: string | undefined;
  /** Only activations with this flag, when given. */
  readonly flag?: string | undefined;
}

/** Without tokens. `applications` undefined stands for all of them. In order of registration, newest first. */
export async function listDevices(
  deps: Pick<Deps, "store">,
  which: { readonly userId: string; readonly applications: readonly string[] | undefined },
): Promise<readonly PushDevice[]> {
  if (which.applications?.length === 0) return [];
  const rows = await deps.store.read
    .selectFrom("push_device")
    .selectAll()
    .where("tenant", "=", deps.store.tenant)
    .where("user_id", "=", which.userId)
    .$if(which.applications !== undefined, (query) =>
      query.where("application_id", "in", [...(which.applications ?? [])]),
    )
    .orderBy("registered_at", "desc")
    .orderBy("activation_id")
    .execute();
  return rows.map(deviceOf);
}

/** `activeOnly` leaves out blocked activations; removed ones are never written to. */
export async function reachableDevices(
  deps: Pick<Deps, "store" | "secrets">,
  to: Recipients,
  activeOnly: boolean,
): Promise<readonly ReachableDevice[]> {
  const rows = await deps.store.read
    .selectFrom("push_device")
    .innerJoin("activation", (join) =>
      join
        .onRef("activation.tenant", "=", "push_device.tenant")
        .onRef("activation.id", "=", "push_device.activation_id"),
    )
    .selectAll("push_device")
    .select(["activation.flags", "activation.protocol"])
    .where("push_device.tenant", "=", deps.store.tenant)
    .where("push_device.user_id", "=", to.userId)
    .where("push_device.application_id", "=", to.applicationId)
    .where("activation.status", "in", activeOnly ? ["ACTIVE"] : ["ACTIVE", "BLOCKED"])
    .$if(to.activationId !== undefined, (query) => query.where("push_device.activation_id", "=", to.activationId ?? ""))
    .execute();
  return rows
    .filter((row) => to.flag === undefined || (JSON.parse(row.flags) as string[]).includes(to.flag))
    .map((row) => ({
      ...deviceOf(row),
      protocol: row.protocol,
      token: Buffer.from(deps.secrets.open(tokenPlace(row.activation_id), row.token_sealed)).toString(),
    }));
}
