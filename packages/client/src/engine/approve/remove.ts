/** A container changes or ends (APV-DEV-2). An end that the server did not learn of is told it at the next three starts. */
import { callAs, callerOf } from "./call.ts";
import type { ApproveDevice } from "./device.ts";
import { ApproveError, isUnknownOutcome } from "./errors.ts";
import { activeCaller } from "./renew.ts";
import {
  changeContainer,
  changeState,
  type ContainerState,
  loadState,
  type Removal,
  requireContainer,
} from "./state.ts";

const path = "/approve/v1/container";
const startsThatTry = 3;

/** Gone from this device when it resolves, whether or not the server could be told. */
export async function removeContainer(device: ApproveDevice, id: string, reason: string): Promise<void> {
  // A renewal that only waits for its last word would leave keys that the server does not take any more.
  await activeCaller(device, id).catch(() => undefined);
  const container = await requireContainer(device, id);
  const removal = { container, reason, tries: 1 + startsThatTry };
  await changeState(device, (state) => ({
    state: {
      ...state,
      containers: state.containers.filter((one) => one.id !== id),
      removals: [...state.removals, removal],
    },
    result: undefined,
  }));
  await told(device, removal);
}

/** At each start: the server is told of what it did not learn; after the third time the keys go, too. */
export async function retryRemovals(device: ApproveDevice): Promise<void> {
  for (const removal of (await loadState(device)).removals) await told(device, removal);
}

async function told(device: ApproveDevice, removal: Removal): Promise<void> {
  const { container, reason, tries } = removal;
  const isOver = (await isToldNow(device, container, reason)) || tries <= 1;
  if (isOver) await device.vaultOf(container.id).destroy();
  await changeState(device, (state) => ({
    state: {
      ...state,
      removals: state.removals.flatMap((one) => {
        if (one.container.id !== container.id) return [one];
        return isOver ? [] : [{ ...one, tries: tries - 1 }];
      }),
    },
    result: undefined,
  }));
}

/** Whatever the server says, it has spoken: a container that it does not take a proof from is gone there already. */
async function isToldNow(device: ApproveDevice, container: ContainerState, reason: string): Promise<boolean> {
  try {
    await callAs(device, await callerOf(device, container), {
      method: "DELETE",
      path,
      body: JSON.stringify({ reason }),
    });
    return true;
  } catch (error) {
    if (error instanceof ApproveError && error.code !== "throttled") return !isUnknownOutcome(error);
    return !(error instanceof ApproveError);
  }
}

/** Members of APV-DEV-2. */
export async function updateContainer(device: ApproveDevice, id: string, change: Readonly<Record<string, unknown>>) {
  const { caller } = await activeCaller(device, id);
  await callAs(device, caller, { method: "PATCH", path, body: JSON.stringify(change) });
}

/** The key that a browser subscribes for (APV-DEV-3); undefined where the application sends no Web Push. */
export async function webPushKey(device: ApproveDevice, id: string): Promise<string | undefined> {
  const { caller } = await activeCaller(device, id);
  const { pushKey } = await callAs(device, caller, { method: "GET", path, repeatable: true });
  return typeof pushKey === "string" ? pushKey : undefined;
}

/** The person's own name for it, here and at the server. */
export async function nameContainer(device: ApproveDevice, id: string, name: string): Promise<void> {
  await updateContainer(device, id, { name });
  await changeContainer(device, id, (container) => ({ ...container, name }));
}
