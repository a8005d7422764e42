/** What the server knows about the person: OpenID claims, encrypted in activation scope, kept in memory only. */
import type { Device } from "../device.ts";
import { EngineError } from "../errors.ts";
import { requireState } from "../state.ts";
import type { CallOptions } from "../transport.ts";
import { callEncrypted } from "./sealed-call.ts";

export type Claims = Readonly<Record<string, unknown>>;

/** Asks the server and remembers. Throws `activation-missing`, transport codes, `encryption-failed`. */
export async function fetchUserInfo(device: Device, options?: CallOptions): Promise<Claims> {
  const { activationId } = await requireState(device);
  const claims = await callEncrypted(device, "/pa/v3/user/info", {}, undefined, options);
  if ((await requireState(device)).activationId !== activationId) {
    throw new EngineError("cancelled", "The activation was replaced");
  }
  device.memory.userInfo = claims;
  return claims;
}
