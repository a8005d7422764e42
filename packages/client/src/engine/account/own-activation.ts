/** What a device may ask and change about its own activation: its name, and a code for another app of the same person. */
import { isActivationCode } from "@countersign/protocol/powerauth/activation-code";
import type { Device } from "../device.ts";
import { EngineError } from "../errors.ts";
import { requireState } from "../state.ts";
import { requestToken, tokenHeader } from "../tokens.ts";
import type { CallOptions } from "../transport.ts";
import type { Unlock } from "../unlock.ts";
import { callEncrypted, callSignedAndEncrypted, malformed, objectIn } from "./sealed-call.ts";

export interface ActivationDetail {
  readonly activationId: string;
  readonly activationName: string;
}

/**
 * Id and name as the server has them. Proved by a token of two factors, which is made with `unlock` the first time; later
 * calls do not check it. Throws transport codes.
 */
export async function fetchDetail(device: Device, unlock: Unlock, options?: CallOptions): Promise<ActivationDetail> {
  const name = `activation_detail_${unlock.factors}`;
  await requestToken(device, name, unlock, options);
  const prove = () => tokenHeader(device, name, options);
  return readDetail(objectIn(await callEncrypted(device, "/pa/v3/activation/detail", {}, prove, options)));
}

/** Gives the activation another name on the server. Two factors; spends a counter value. */
export async function renameActivation(
  device: Device,
  unlock: Unlock,
  activationName: string,
  options?: CallOptions,
): Promise<ActivationDetail> {
  if (typeof activationName !== "string" || activationName === "") {
    throw new EngineError("parameter-invalid", "The name is empty");
  }
  const call = { path: "/pa/v3/activation/rename", uriId: "/pa/activation/rename", content: { activationName } };
  return readDetail(objectIn(await callSignedAndEncrypted(device, unlock, call, options)));
}

export interface ActivationTransfer {
  readonly activationId: string;
  readonly activationCode: string;
  /** Base64, with the master key of the application the code is for. */
  readonly activationSignature: string;
}

const shortestOtp = 16;

/**
 * A code with which another app activates for the same person. It asks for `otp`, which goes to that app by another way
 * than the code. Two factors; spends a counter value. Throws `parameter-invalid` for an `otp` under 16 characters.
 */
export async function requestTransfer(
  device: Device,
  unlock: Unlock,
  target: { readonly applicationId: string; readonly otp: string },
  options?: CallOptions,
): Promise<ActivationTransfer> {
  const { applicationId, otp } = target;
  if (typeof otp !== "string" || otp.length < shortestOtp) {
    throw new EngineError("parameter-invalid", `The one-time password has at least ${shortestOtp} characters`);
  }
  const { activationId: own } = await requireState(device);
  const path = "/api/activation/code";
  const call = { path, uriId: path, content: { requestObject: { applicationId, otp } } };
  const answer = objectIn(await callSignedAndEncrypted(device, unlock, call, options));
  const { activationId, activationCode, activationSignature } = answer;
  if (typeof activationId !== "string" || activationId === own) throw malformed();
  if (typeof activationCode !== "string" || !isActivationCode(activationCode)) throw malformed();
  if (typeof activationSignature !== "string") throw malformed();
  return { activationId, activationCode, activationSignature };
}

function readDetail({ activationId, activationName }: Record<string, unknown>): ActivationDetail {
  if (typeof activationId !== "string") throw malformed();
  return { activationId, activationName: typeof activationName === "string" ? activationName : "" };
}
