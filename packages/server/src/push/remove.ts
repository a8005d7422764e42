/** Ends registrations: with their activation, by the back office or the device, or because the gateway says that a token is dead. */
import type { Deps } from "../deps.ts";
import type { PushDeviceTable } from "../store/schema.ts";
import type { Change } from "../store/store.ts";
import { hashOfToken } from "./device.ts";

/** Why a registration ended. */
type Why = "activation" | "back-office" | "dead-token" | "device";

/** Part of the change that removes the activation. */
export async function removeDeviceOf(deps: Pick<Deps, "store">, change: Change, activationId: string): Promise<void> {
  const row = await change.db
    .deleteFrom("push_device")
    .where("tenant", "=", deps.store.tenant)
    .where("activation_id", "=", activationId)
    .returningAll()
    .executeTakeFirst();
  if (row !== undefined) recordRemoval(change, row, "activation");
}

/** By activation or by token. False when there was none. Writes `push.device.removed`. */
export async function removeDevice(
  deps: Pick<Deps, "store" | "secrets">,
  which: { readonly applicationId: string } & ({ readonly activationId: string } | { readonly token: string }),
  why: Exclude<Why, "activation">,
): Promise<boolean> {
  return deps.store.transaction(async (change) => {
    const row = await change.db
      .deleteFrom("push_device")
      .where("tenant", "=", deps.store.tenant)
      .where("application_id", "=", which.applicationId)
      .$if("activationId" in which, (query) =>
        query.where("activation_id", "=", (which as { activationId: string }).activationId),
      )
      .$if("token" in which, (query) =>
        query.where("token_hash", "=", hashOfToken(deps.secrets, (which as { token: string }).token)),
      )
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) return false;
    recordRemoval(change, row, why);
    return true;
  });
}

function recordRemoval(change: Change, row: PushDeviceTable, why: Why): void {
  const { activation_id, application_id: applicationId, user_id: userId, platform } = row;
  change.record({
    type: "push.device.removed",
    subject: activation_id,
    applications: [applicationId],
    data: { userId, applicationId, platform, why },
  });
}
