/**
 * What the server says of the activation, and the device's counter brought in line with it (PowerAuth 3.x, status).
 */
import { fromBase64, toBase64 } from "@countersign/protocol/bytes";
import { isFailure } from "@countersign/protocol/errors";
import {
  activationStates,
  openStatusBlob,
  type ActivationStatusBlob,
} from "@countersign/protocol/powerauth/activation-status";
import { reconcileCounter, type CounterOutcome } from "@countersign/protocol/powerauth/counter";
import { deriveKey } from "@countersign/protocol/powerauth/keys";
import type { Device } from "./device.ts";
import { EngineError } from "./errors.ts";
import { sendSigned } from "./sign.ts";
import { changeState, requireState, type DeviceState } from "./state.ts";
import { isRecord, noHeaders, responseObject, type CallOptions } from "./transport.ts";

/** `deadlock`: the counters cannot be brought together again; nothing this activation signs will be accepted. */
export type ServerState = keyof typeof activationStates | "deadlock";

export interface ActivationStatus {
  readonly state: ServerState;
  readonly failedAttempts: number;
  readonly maxFailedAttempts: number;
  /** What the server's own extension adds. */
  readonly customObject?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Concurrent calls share one request, and the first one's options. Throws `activation-pending`, `activation-missing`,
 * `cancelled` when the activation was removed meanwhile, and transport codes.
 */
export function fetchStatus(device: Device, options?: CallOptions): Promise<ActivationStatus> {
  const { memory } = device;
  memory.statusRequest ??= requestStatus(device, options).finally(() => (memory.statusRequest = undefined));
  return memory.statusRequest;
}

async function requestStatus(device: Device, options: CallOptions | undefined): Promise<ActivationStatus> {
  if (device.memory.pending !== undefined) {
    throw new EngineError("activation-pending", "The activation is not committed yet");
  }
  const state = await requireState(device);
  const challenge = device.version.statusChallenge ? device.random(16) : undefined;
  const requestObject = {
    activationId: state.activationId,
    ...(challenge !== undefined && { challenge: toBase64(challenge) }),
  };
  const body = JSON.stringify({ requestObject });
  const answer = responseObject(await device.transport.ask("/pa/v3/activation/status", body, noHeaders, options));
  const nonce = typeof answer.nonce === "string" ? fromBase64(answer.nonce) : undefined;
  if (challenge !== undefined && nonce === undefined) {
    throw new EngineError("response-malformed", "The status has no nonce");
  }
  const customObject = isRecord(answer.customObject) ? { customObject: answer.customObject } : {};
  const keys = statusKeys(device, state);
  const encrypted = typeof answer.encryptedStatusBlob === "string" ? answer.encryptedStatusBlob : "";
  const blob = openStatusBlob(device.crypto, keys, encrypted, challenge, nonce);
  // A server that does not know the activation answers with random bytes.
  if (isFailure(blob)) return { state: "removed", failedAttempts: 0, maxFailedAttempts: 0, ...customObject };
  const outcome = challenge === undefined ? "in-sync" : await reconcile(device, state, blob);
  if (outcome === "sign-soon" && blob.state === activationStates.active) await spendOne(device, options);
  return {
    state: outcome === "deadlock" && isUsable(blob) ? "deadlock" : names[blob.state],
    failedAttempts: blob.failedAttempts,
    maxFailedAttempts: blob.maxFailedAttempts,
    ...customObject,
  };
}

/** Against the counter as it is now: signatures may have been made while the answer was on its way. */
function reconcile(device: Device, asked: DeviceState, blob: ActivationStatusBlob): Promise<CounterOutcome> {
  return changeState(device, (state) => {
    if (state.activationId !== asked.activationId) throw new EngineError("cancelled", "The activation was replaced");
    const { outcome, ctrData, ctrByte } = reconcileCounter(
      device.crypto,
      state,
      blob,
      statusKeys(device, state).transportCtr,
    );
    return { ...(outcome === "adopted" && { state: { ...state, ctrData, ctrByte: ctrByte ?? 0 } }), result: outcome };
  }).catch((error: unknown) => {
    if (!(error instanceof EngineError) || error.code !== "activation-missing") throw error;
    throw new EngineError("cancelled", "The activation was removed", { cause: error });
  });
}

/** A signature that arrives lets the server catch up. Whether it did shows in the next status. */
async function spendOne(device: Device, options: CallOptions | undefined): Promise<void> {
  const call = { path: "/pa/v3/signature/validate", uriId: "/pa/signature/validate", body: "{}" };
  await sendSigned(device, { factors: "possession" }, call, options);
}

function statusKeys(device: Device, state: DeviceState) {
  const transport = device.crypto.secretKey(state.transportKey);
  return {
    transport,
    transportIv: deriveKey(device.crypto, transport, 3000),
    transportCtr: deriveKey(device.crypto, transport, 4000),
  };
}

/** A blocked or removed activation is told as such, whatever its counter. */
function isUsable(blob: ActivationStatusBlob): boolean {
  return blob.state === activationStates.active || blob.state === activationStates.pendingCommit;
}

const names = {
  [activationStates.created]: "created",
  [activationStates.pendingCommit]: "pendingCommit",
  [activationStates.active]: "active",
  [activationStates.blocked]: "blocked",
  [activationStates.removed]: "removed",
} as const satisfies Record<ActivationStatusBlob["state"], ServerState>;
