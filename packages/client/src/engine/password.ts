/**
 * The knowledge factor: checking a password with the server, and wrapping the knowledge key under another one.
 */
import { equalBytes, type Bytes } from "@countersign/protocol/bytes";
import type { Device } from "./device.ts";
import { EngineError } from "./errors.ts";
import { signAndSend } from "./sign.ts";
import { changeState, inTurn, requireState, type DeviceState } from "./state.ts";
import { requireSuccess, type CallOptions } from "./transport.ts";
import { lockKnowledge, requireNewPassword, unlockKnowledge } from "./unlock.ts";

/** Throws `unauthorized` for a wrong password, which the server counts. */
export function validatePassword(device: Device, password: Bytes, options?: CallOptions): Promise<void> {
  return inTurn(device, () => askServer(device, password, options));
}

/** Validates the old password, then wraps the key under the new one. `new-password-too-short` comes after the validation. */
export function changePassword(
  device: Device,
  oldPassword: Bytes,
  newPassword: Bytes,
  options?: CallOptions,
): Promise<void> {
  return inTurn(device, async () => {
    const validated = await requireState(device);
    await askServer(device, oldPassword, options);
    await rewrap(device, oldPassword, newPassword, validated);
  });
}

/** What a validated password opens. Neither the password nor the key. */
export type ValidatedState = Pick<DeviceState, "wrappedKnowledgeKey">;

/** First half: validates the old password with the server. Throws `unauthorized`. */
export function beginPasswordChange(
  device: Device,
  oldPassword: Bytes,
  options?: CallOptions,
): Promise<ValidatedState> {
  return inTurn(device, async () => {
    const validated = await requireState(device);
    await askServer(device, oldPassword, options);
    return validated;
  });
}

/** Second half: local. Throws `new-password-too-short`, `password-changed-meanwhile`. */
export async function finishPasswordChange(
  device: Device,
  validated: ValidatedState,
  oldPassword: Bytes,
  newPassword: Bytes,
): Promise<void> {
  await rewrap(device, oldPassword, newPassword, validated);
}

/** Local: a wrong old password is not noticed and spoils the knowledge factor for good. */
export async function changePasswordUnchecked(device: Device, oldPassword: Bytes, newPassword: Bytes): Promise<void> {
  await rewrap(device, oldPassword, newPassword, undefined);
}

function rewrap(
  device: Device,
  oldPassword: Bytes,
  newPassword: Bytes,
  validated: ValidatedState | undefined,
): Promise<void> {
  requireNewPassword(newPassword);
  return changeState(device, (state) => {
    // What the server has validated must be what is wrapped anew, or the factor would be spoilt.
    if (validated !== undefined && !equalBytes(validated.wrappedKnowledgeKey, state.wrappedKnowledgeKey)) {
      throw new EngineError("password-changed-meanwhile", "The password was changed by another call");
    }
    const knowledge = unlockKnowledge(device.crypto, state, oldPassword);
    return { state: { ...state, ...lockKnowledge(device, knowledge, newPassword) }, result: undefined };
  });
}

/** Only in turn. */
async function askServer(device: Device, password: Bytes, options: CallOptions | undefined): Promise<void> {
  const call = { path: "/pa/v3/signature/validate", uriId: "/pa/signature/validate", body: "{}" };
  requireSuccess(await signAndSend(device, { factors: "possession_knowledge", password }, call, options));
}
