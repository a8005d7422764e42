/** Starts an activation: an id, a short-lived code for the device, and the server's key pair. */
import { toBase64 } from "@countersign/protocol/bytes";
import { encodeActivationCode, signActivationCode } from "@countersign/protocol/powerauth/activation-code";
import { isName, masterKeyOf } from "../applications/application.ts";
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";
import { newId, userBucket } from "../ids.ts";
import type { ActivationTable } from "../store/schema.ts";
import type { Change } from "../store/store.ts";
import { activationEvent, writeHistory } from "./activation.ts";
import { serverKeyPlace } from "./keys.ts";
import { hashOtp } from "./otp.ts";

export type CommitPhase = ActivationTable["commit_phase"];
export type OtpValidation = ActivationTable["otp_validation"];

export interface NewActivation {
  readonly applicationId: string;
  /** 1–255 characters. */
  readonly userId: string;
  /** Epoch ms after which the activation is REMOVED unless it is ACTIVE by then. Default: `activationSeconds` from now. */
  readonly expiresAt?: number | undefined;
  /** Wrong factors until it is BLOCKED, 1–255. Default: `maxFailedAttempts`. */
  readonly maxFailedAttempts?: number | undefined;
  /** Whether the key exchange makes it ACTIVE, or a later commit. */
  readonly commitPhase?: CommitPhase | undefined;
  /** Older form of `commitPhase` that also says when the one-time password is checked. Not both. */
  readonly otpValidation?: OtpValidation | undefined;
  readonly otp?: string | undefined;
  readonly flags?: readonly string[] | undefined;
  /** Kept and returned as it is. */
  readonly additionalData?: Readonly<Record<string, unknown>> | undefined;
  /** ACTIVE activation of the same user that vouches for this one, and whether it is replaced by it (MOVE). */
  readonly parent?: { readonly activationId: string; readonly type: "SPAWN" | "MOVE" } | undefined;
  /** API client that asks, for the audit. */
  readonly clientId?: string | undefined;
}

export interface StartedActivation {
  readonly activationId: string;
  /** For the device, typed or scanned: `XXXXX-XXXXX-XXXXX-XXXXX`. */
  readonly activationCode: string;
  /** ECDSA by the master key, Base64 DER. The scanned form is `code#signature`. */
  readonly activationSignature: string;
  readonly userId: string;
  readonly applicationId: string;
}

type InitDeps = Pick<Deps, "config" | "store" | "secrets" | "crypto" | "random">;

const codeTries = 10;

/**
 * Refuses `invalid-request`, `activation-not-created` (a limit of tries out of range), `application-not-found`, and
 * `activation-transfer` for a parent that is not ACTIVE or another user's.
 */
export async function initActivation(deps: InitDeps, input: NewActivation): Promise<StartedActivation | Refusal> {
  const phases = phasesOf(input);
  if ("refused" in phases) return phases;
  const draft = await draftActivation(deps, input);
  if ("refused" in draft) return draft;
  const masterKey = await masterKeyOf(deps, input.applicationId);
  if (masterKey === undefined) return refuse("application-not-found");

  return deps.store.transaction(async (change) => {
    if (input.parent !== undefined && !(await mayVouch(deps, change, input.parent.activationId, input.userId))) {
      return refuse("activation-transfer");
    }
    for (let attempt = 0; attempt < codeTries; attempt++) {
      const code = encodeActivationCode(deps.random(10));
      const row = await change.db
        .insertInto("activation")
        .values({
          ...draft(change.now),
          ...phases,
          activation_code: code,
          parent_activation_id: input.parent?.activationId ?? null,
          transfer_type: input.parent?.type ?? null,
        })
        // A code that is taken, by chance of 2^-80, is drawn again.
        .onConflict((conflict) => conflict.doNothing())
        .returningAll()
        .executeTakeFirst();
      if (row === undefined) continue;
      await writeHistory(deps, change, row);
      const parent = { parentActivationId: input.parent?.activationId, transferType: input.parent?.type };
      change.record(activationEvent("activation.created", row, { clientId: input.clientId, ...parent }));
      return {
        activationId: row.id,
        activationCode: code,
        activationSignature: signActivationCode(deps.crypto, masterKey, code),
        userId: row.user_id,
        applicationId: row.application_id,
      };
    }
    throw new Error("No free activation code");
  });
}

async function mayVouch(
  deps: Pick<Deps, "store">,
  change: Change,
  activationId: string,
  userId: string,
): Promise<boolean> {
  const parent = await change.db
    .selectFrom("activation")
    .select(["status", "user_id"])
    .where("tenant", "=", deps.store.tenant)
    .where("id", "=", activationId)
    .where("protocol", "=", "powerauth")
    .executeTakeFirst();
  return parent?.status === "ACTIVE" && parent.user_id === userId;
}

type Phases = Pick<ActivationTable, "commit_phase" | "otp_validation">;

/** Both spellings at once contradict each other; a phase for a password that is not there can never be passed. */
function phasesOf(input: NewActivation): Phases | Refusal {
  const { commitPhase, otpValidation, otp } = input;
  if (otp === "") return refuse("invalid-request", "activationOtp - empty");
  if (commitPhase !== undefined && otpValidation !== undefined) {
    return refuse("invalid-request", "activationOtpValidation - not together with commitPhase");
  }
  if (otpValidation !== undefined) {
    if ((otpValidation === "NONE") !== (otp === undefined)) {
      return refuse("invalid-request", "activationOtp - does not fit activationOtpValidation");
    }
    const phase = otpValidation === "ON_KEY_EXCHANGE" ? "ON_KEY_EXCHANGE" : "ON_COMMIT";
    return { commit_phase: phase, otp_validation: otpValidation };
  }
  const phase = commitPhase ?? "ON_COMMIT";
  return { commit_phase: phase, otp_validation: otp === undefined ? "NONE" : phase };
}

/** Everything of a new row that does not depend on how the activation was asked for. */
export async function draftActivation(
  deps: InitDeps,
  input: NewActivation,
): Promise<((now: number) => ActivationTable) | Refusal> {
  const { config, crypto, random, secrets, store } = deps;
  if (!isName(input.userId)) return refuse("invalid-request", "userId - 1 to 255 characters");
  if (!(input.flags ?? []).every(isName)) return refuse("invalid-request", "flags - 1 to 255 characters each");
  const most = input.maxFailedAttempts ?? config.maxFailedAttempts;
  // One byte in the status that devices read.
  if (!Number.isInteger(most) || most < 1 || most > 255) return refuse("activation-not-created");
  const otpHash = input.otp === undefined ? null : await hashOtp(random, input.otp);
  const pair = crypto.generateKeyPair(random);
  const id = newId(random, userBucket(store.tenant, input.userId));
  const sealed = secrets.seal(serverKeyPlace(id), crypto.exportPrivateKey(pair.privateKey));
  return (now) => ({
    tenant: store.tenant,
    id,
    application_id: input.applicationId,
    user_id: input.userId,
    status: "CREATED",
    blocked_reason: null,
    activation_code: null,
    commit_phase: "ON_COMMIT",
    otp_validation: "NONE",
    otp_hash: otpHash,
    name: null,
    platform: null,
    device_info: null,
    extras: null,
    external_id: null,
    additional_data: input.additionalData === undefined ? null : JSON.stringify(input.additionalData),
    flags: JSON.stringify([...new Set(input.flags ?? [])]),
    failed_attempts: 0,
    max_failed_attempts: most,
    counter: 0,
    ctr_data: null,
    server_public_key: toBase64(crypto.exportPublicKey(pair.publicKey, "uncompressed")),
    server_private_sealed: sealed,
    device_public_key: null,
    keys_sealed: null,
    version_floor: null,
    expires_at: input.expiresAt ?? now + config.activationSeconds * 1000,
    created_at: now,
    changed_at: now,
    last_used_at: now,
    protocol: "powerauth",
    parent_activation_id: null,
    transfer_type: null,
  });
}
