/** A message that a back end composed itself: sent at once, or left to the outbox. */
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";
import type { PushPlatform } from "./device.ts";
import { reachableDevices } from "./list.ts";
import type { PushMessage } from "./message.ts";
import { pushRequest } from "./request.ts";
import { sendToDevices, type SendDeps, type SentTo } from "./send.ts";

export interface MessageToUser {
  readonly applicationId: string;
  readonly userId: string;
  /** Only this one, when given. */
  readonly activationId: string | undefined;
  /** Leaves out blocked activations. */
  readonly activeOnly: boolean;
  readonly message: PushMessage;
}

/** What became of it at each device. Refuses with `application-not-found`. */
export async function sendMessage(deps: SendDeps, to: MessageToUser): Promise<readonly SentTo[] | Refusal> {
  if (!(await exists(deps, to.applicationId))) return refuse("application-not-found");
  const devices = await reachableDevices(deps, to, to.activeOnly);
  return sendToDevices(deps, devices, () => to.message, await deps.store.now());
}

/** Platforms of the devices it waits for. Refuses with `application-not-found`. Writes `push.requested`. */
export async function queueMessage(deps: SendDeps, to: MessageToUser): Promise<readonly PushPlatform[] | Refusal> {
  const { applicationId, userId, activationId, activeOnly, message } = to;
  if (!(await exists(deps, applicationId))) return refuse("application-not-found");
  const devices = await reachableDevices(deps, to, activeOnly);
  await deps.store.transaction(async ({ record }) => {
    record(pushRequest(userId, [applicationId], { about: "message", userId, activationId, activeOnly, message }));
  });
  return devices.map(({ platform }) => platform);
}

async function exists({ store }: Pick<Deps, "store">, applicationId: string): Promise<boolean> {
  const found = await store.read
    .selectFrom("application")
    .select("id")
    .where("tenant", "=", store.tenant)
    .where("id", "=", applicationId)
    .executeTakeFirst();
  return found !== undefined;
}
