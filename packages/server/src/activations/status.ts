/** What a device is told of its activation, encrypted, and what the back office is told, in full. */
import { fromBase64, toBase64 } from "@countersign/protocol/bytes";
import { signActivationCode } from "@countersign/protocol/powerauth/activation-code";
import {
  type ActivationState,
  activationStates,
  sealStatusBlob,
} from "@countersign/protocol/powerauth/activation-status";
import { counterHash } from "@countersign/protocol/powerauth/counter";
import { isUuid } from "@countersign/protocol/powerauth/headers";
import { masterKeyOf } from "../applications/application.ts";
import { listRoles } from "../applications/roles.ts";
import type { Deps } from "../deps.ts";
import { isRefusal, type Refusal, refuse } from "../errors.ts";
import type { ActivationStatus } from "../store/schema.ts";
import type { ActivationRow } from "../store/store.ts";
import { findPowerAuth, flagsOf, statusAt } from "./activation.ts";

export interface StatusBlob {
  /** Base64, 32 bytes. */
  readonly encryptedStatusBlob: string;
  /** Base64, 16 bytes; absent where the device sent no challenge. */
  readonly nonce?: string;
}

type StatusDeps = Pick<Deps, "config" | "store" | "crypto" | "random" | "activationKeys">;

/** Major protocol version, in the blob and in the full record. */
const majorVersion = 3;

/**
 * For the device. An activation that is unknown, or has exchanged no keys yet, gets random bytes: nobody who asks can
 * tell the two from one another, or from one whose keys he lacks. Refuses `invalid-request` for a bad challenge.
 */
export async function activationStatusBlob(
  deps: StatusDeps,
  input: { readonly activationId: string; readonly challenge?: string | undefined },
): Promise<StatusBlob | Refusal> {
  const challenge = input.challenge === undefined ? undefined : fromBase64(input.challenge);
  if (input.challenge !== undefined && challenge?.length !== 16) return refuse("invalid-request", "challenge");
  const found = isUuid(input.activationId) ? await findPowerAuth(deps, input.activationId.toLowerCase()) : undefined;
  return statusBlob(deps, found && (await asOfNow(deps, found)), challenge);
}

/** Everything there is to know of an activation. Null stands for what it does not have. */
export interface ActivationDetail extends StatusBlob {
  readonly activationId: string;
  readonly activationStatus: ActivationStatus;
  readonly blockedReason: string | null;
  readonly userId: string;
  readonly applicationId: string | null;
  readonly applicationRoles: readonly string[];
  readonly activationName: string | null;
  readonly activationFlags: readonly string[];
  readonly platform: string | null;
  readonly deviceInfo: string | null;
  readonly extras: string | null;
  readonly externalId: string | null;
  readonly additionalData: Readonly<Record<string, unknown>> | null;
  readonly commitPhase: ActivationRow["commit_phase"];
  readonly activationOtpValidation: ActivationRow["otp_validation"];
  /** Eight digits that both sides can compare; from the key exchange on. */
  readonly devicePublicKeyFingerprint: string | null;
  /** While CREATED. */
  readonly activationCode: string | null;
  readonly activationSignature: string | null;
  /** The activation this one was spawned from, if any. */
  readonly parentActivationId: string | null;
  readonly transferType: ActivationRow["transfer_type"];
  readonly failedAttempts: number;
  readonly maxFailedAttempts: number;
  /** Major protocol version; 0 for an unknown activation. */
  readonly version: number;
  /** Epoch ms, 0 for an unknown activation. */
  readonly timestampCreated: number;
  readonly timestampLastUsed: number;
  readonly timestampLastChange: number;
}

/** For the back office. An unknown id is a REMOVED activation of nobody. Refuses `invalid-request` for a bad challenge. */
export async function activationDetail(
  deps: StatusDeps & Pick<Deps, "secrets">,
  input: { readonly activationId: string; readonly challenge?: string | undefined },
): Promise<ActivationDetail | Refusal> {
  const challenge = input.challenge === undefined ? undefined : fromBase64(input.challenge);
  if (input.challenge !== undefined && challenge?.length !== 16) return refuse("invalid-request", "challenge");
  const found = await deps.store.findActivation(input.activationId);
  if (found === undefined) return unknown(deps, input.activationId, challenge);
  const activation = await asOfNow(deps, found);
  const roles = await listRoles(deps, activation.application_id);
  const code = activation.status === "CREATED" ? activation.activation_code : null;
  const masterKey = code === null ? undefined : await masterKeyOf(deps, activation.application_id);
  return {
    activationId: activation.id,
    activationStatus: activation.status,
    blockedReason: activation.blocked_reason,
    userId: activation.user_id,
    applicationId: activation.application_id,
    applicationRoles: isRefusal(roles) ? [] : roles,
    activationName: activation.name,
    activationFlags: flagsOf(activation),
    platform: activation.platform,
    deviceInfo: activation.device_info,
    extras: activation.extras,
    externalId: activation.external_id,
    additionalData:
      activation.additional_data === null ? null : (JSON.parse(activation.additional_data) as object as never),
    commitPhase: activation.commit_phase,
    activationOtpValidation: activation.otp_validation,
    devicePublicKeyFingerprint: activation.keys_sealed === null ? null : deps.activationKeys.fingerprintOf(activation),
    activationCode: code,
    activationSignature:
      code === null || masterKey === undefined ? null : signActivationCode(deps.crypto, masterKey, code),
    parentActivationId: activation.parent_activation_id,
    transferType: activation.transfer_type,
    failedAttempts: activation.failed_attempts,
    maxFailedAttempts: activation.max_failed_attempts,
    version: majorVersion,
    timestampCreated: activation.created_at,
    timestampLastUsed: activation.last_used_at,
    timestampLastChange: activation.changed_at,
    ...statusBlob(deps, activation, challenge),
  };
}

/** Asking changes nothing: an overdue activation is told as REMOVED, and written down by the sweeper. */
async function asOfNow(deps: Pick<Deps, "store">, activation: ActivationRow): Promise<ActivationRow> {
  return { ...activation, status: statusAt(activation, await deps.store.now()) };
}

function statusBlob(
  deps: StatusDeps,
  activation: ActivationRow | undefined,
  challenge: Uint8Array | undefined,
): StatusBlob {
  const { crypto, random, config } = deps;
  const nonce = challenge === undefined ? undefined : random(16);
  const told = nonce === undefined ? {} : { nonce: toBase64(nonce) };
  if (activation === undefined || activation.keys_sealed === null) {
    return { encryptedStatusBlob: toBase64(random(32)), ...told };
  }
  const keys = deps.activationKeys.keysOf(activation);
  const counter = fromBase64(activation.ctr_data ?? "");
  if (counter === undefined) throw new Error("Activation with keys has no counter");
  const blob = {
    state: states[activation.status],
    currentVersion: majorVersion,
    upgradeVersion: majorVersion,
    ctrByte: activation.counter & 0xff,
    failedAttempts: activation.failed_attempts,
    maxFailedAttempts: activation.max_failed_attempts,
    lookAhead: config.lookAhead,
    ctrDataHash: counterHash(crypto, keys.transportCtr, counter),
  };
  return { encryptedStatusBlob: sealStatusBlob(crypto, random, keys, blob, challenge, nonce), ...told };
}

const states: Readonly<Record<ActivationStatus, ActivationState>> = {
  CREATED: activationStates.created,
  PENDING_COMMIT: activationStates.pendingCommit,
  ACTIVE: activationStates.active,
  BLOCKED: activationStates.blocked,
  REMOVED: activationStates.removed,
};

function unknown(deps: StatusDeps, activationId: string, challenge: Uint8Array | undefined): ActivationDetail {
  return {
    activationId,
    activationStatus: "REMOVED",
    blockedReason: null,
    userId: "unknown",
    applicationId: null,
    applicationRoles: [],
    activationName: "unknown",
    activationFlags: [],
    platform: null,
    deviceInfo: null,
    extras: null,
    externalId: null,
    additionalData: null,
    commitPhase: "ON_COMMIT",
    activationOtpValidation: "NONE",
    devicePublicKeyFingerprint: null,
    activationCode: null,
    activationSignature: null,
    parentActivationId: null,
    transferType: null,
    failedAttempts: 0,
    maxFailedAttempts: 0,
    version: 0,
    timestampCreated: 0,
    timestampLastUsed: 0,
    timestampLastChange: 0,
    ...statusBlob(deps, undefined, challenge),
  };
}
