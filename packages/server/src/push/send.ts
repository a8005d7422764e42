/** Sends a message to devices, and ends the registrations whose token turned out to be dead. */
import type { Deps } from "../deps.ts";
import type { PushPlatform, ReachableDevice } from "./device.ts";
import { failed, type PushMessage, type Sending } from "./message.ts";
import { removeDevice } from "./remove.ts";

export interface SentTo {
  readonly platform: PushPlatform;
  readonly sending: Sending;
}

export type SendDeps = Pick<Deps, "store" | "secrets" | "pushSenders" | "log">;

/** Code for a device of a platform that the application has no gateway for. */
export const noGateway = "no-gateway";

/** One result for each device, in their order; `messageFor` may write to each in its own language. */
export function sendToDevices(
  deps: SendDeps,
  devices: readonly ReachableDevice[],
  messageFor: (device: ReachableDevice) => PushMessage,
  now: number,
): Promise<readonly SentTo[]> {
  return Promise.all(
    devices.map(async (device) => {
      const sending = await sendTo(deps, device, messageFor(device), now);
      if (sending.kind === "gone") await removeDead(deps, device);
      return { platform: device.platform, sending };
    }),
  );
}

async function sendTo(deps: SendDeps, device: ReachableDevice, message: PushMessage, now: number): Promise<Sending> {
  const sender = await deps.pushSenders.of(device.applicationId, device.platform);
  if (sender === undefined) return failed(noGateway, false);
  const { applicationId, platform } = device;
  try {
    return await sender.send(device, message, now);
  } catch (error) {
    // A library that does what it never should; its text may quote the message.
    deps.log.warn({ applicationId, platform, error: error instanceof Error ? error.name : "unknown" }, "push not sent");
    return failed("not-sent", true);
  }
}

/** Only the token that was tried: the device may have registered a new one meanwhile. */
async function removeDead(deps: SendDeps, { applicationId, token }: ReachableDevice): Promise<void> {
  await removeDevice(deps, { applicationId, token }, "dead-token");
}
