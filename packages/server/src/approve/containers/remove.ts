/**
 * A container ends: by its device, with a proof, or by the back office. Its keys stay where they are: a removed
 * container accepts nothing, and its device can still prove itself to learn that it was removed.
 */
import { moveActivation } from "../../activations/activation.ts";
import type { Deps } from "../../deps.ts";
import { isRefusal, type Refusal, refuse } from "../../errors.ts";
import type { Change } from "../../store/store.ts";
import { type Proven, redeemProof } from "../prove.ts";
import { holdContainer } from "./hold.ts";

type RemoveDeps = Pick<Deps, "store" | "random">;

/** Refuses `proof-invalid` and what the container's state asks for. Writes `activation.removed`. */
export function removeOwnContainer(
  deps: RemoveDeps,
  { proven, reason }: { readonly proven: Proven; readonly reason: string },
): Promise<Refusal | undefined> {
  const { id } = proven.container.activation;
  return deps.store.transaction(async (change) => {
    const held = await holdContainer(deps, change, id);
    if (isRefusal(held)) return held;
    if (!(await redeemProof(change, proven.claim))) return refuse("proof-invalid");
    await remove(deps, change, { id, reason, externalUserId: "device" });
    return undefined;
  });
}

/** Removed already: nothing changes. Writes `activation.removed`. */
export function removeContainer(
  deps: RemoveDeps,
  asked: { readonly id: string; readonly reason: string; readonly by?: string | undefined; readonly clientId: string },
): Promise<void> {
  const { id, reason, by: externalUserId, clientId } = asked;
  return deps.store.transaction((change) => remove(deps, change, { id, reason, externalUserId, clientId }));
}

async function remove(
  deps: RemoveDeps,
  change: Change,
  {
    id,
    ...why
  }: {
    readonly id: string;
    readonly reason: string;
    readonly externalUserId?: string | undefined;
    readonly clientId?: string;
  },
): Promise<void> {
  const moved = await moveActivation(deps, change, "remove", { activationId: id, ...why });
  if (moved === undefined) return;
  await change.db
    .updateTable("container")
    .set({ deletion_reason: why.reason, renewal: null })
    .where("tenant", "=", deps.store.tenant)
    .where("activation_id", "=", id)
    .execute();
}
