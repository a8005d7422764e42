/** Start and key exchange in one, for whoever has identified the user by means of its own. */
import { encryptorIds } from "@countersign/protocol/powerauth/ecies";
import type { EncryptionHeader } from "@countersign/protocol/powerauth/headers";
import { isSupported } from "../applications/versions.ts";
import { type EnvelopeDeps, openEnvelope, type OpenedEnvelope } from "../encryption/envelope.ts";
import { claimIn } from "../encryption/replay.ts";
import { isRefusal, type Refusal, refuse } from "../errors.ts";
import type { Claim } from "../store/store.ts";
import { activationEvent, writeHistory } from "./activation.ts";
import { draftActivation } from "./init.ts";
import { type Device, exchangeKeys, innerAnswer, type Prepared, readDevice } from "./prepare.ts";

export interface DirectActivation {
  readonly userId: string;
  readonly header: EncryptionHeader;
  /** Encrypted by the device for `/pa/activation`. */
  readonly cryptogram: unknown;
  /** Epoch ms. Default: `activationSeconds` from now. */
  readonly expiresAt?: number | undefined;
  readonly maxFailedAttempts?: number | undefined;
  /** To be given at the commit. */
  readonly otp?: string | undefined;
  readonly flags?: readonly string[] | undefined;
  readonly additionalData?: Readonly<Record<string, unknown>> | undefined;
  readonly clientId?: string | undefined;
}

/**
 * Ends PENDING_COMMIT. Refuses as `openDirect` and `completeDirect` do.
 */
export async function createActivation(deps: EnvelopeDeps, input: DirectActivation): Promise<Prepared | Refusal> {
  if (input.otp === "") return refuse("invalid-request", "activationOtp - empty");
  const opened = await openDirect(deps, input.header, input.cryptogram);
  return isRefusal(opened) ? opened : completeDirect(deps, opened, { ...input, claims: opened.inner.claims });
}

/** The device's half of a key exchange, opened and read. */
export interface OpenedDirect {
  readonly header: EncryptionHeader;
  readonly inner: OpenedEnvelope;
  readonly device: Device;
}

/** Writes nothing. Refuses as `openEnvelope` does, `invalid-request`, and `otp-wrong`: a password has no phase here. */
export async function openDirect(
  deps: EnvelopeDeps,
  header: EncryptionHeader,
  cryptogram: unknown,
): Promise<OpenedDirect | Refusal> {
  const inner = await openEnvelope(deps, encryptorIds.activationLayer2, header, cryptogram);
  if (isRefusal(inner)) return inner;
  const device = readDevice(inner);
  if (device === undefined) return refuse("invalid-request");
  return device.otp === undefined ? { header, inner, device } : refuse("otp-wrong");
}

export interface Completion extends Omit<DirectActivation, "header" | "cryptogram"> {
  /** What must not have been seen before. */
  readonly claims: readonly Claim[];
  /** ACTIVE at once instead of PENDING_COMMIT. */
  readonly commit?: boolean | undefined;
}

/** Refuses `invalid-request`, `activation-not-created`, `key-not-valid`, `version-not-supported` and `replayed`. */
export async function completeDirect(
  deps: EnvelopeDeps,
  { header, inner, device }: OpenedDirect,
  input: Completion,
): Promise<Prepared | Refusal> {
  const draft = await draftActivation(deps, { ...input, applicationId: inner.application.applicationId });
  if (isRefusal(draft)) return draft;
  const exchanged = exchangeKeys(deps, draft(0), device, header.version);
  if (exchanged === undefined) return refuse("key-not-valid");

  return deps.store.transaction(async (change) => {
    if (!(await isSupported(deps, change, header.applicationKey))) return refuse("version-not-supported");
    if (!(await claimIn(change, input.claims))) return refuse("replayed");
    const activation = await change.db
      .insertInto("activation")
      .values({
        ...draft(change.now),
        ...exchanged,
        status: input.commit ? "ACTIVE" : "PENDING_COMMIT",
        otp_validation: input.otp === undefined ? "NONE" : "ON_COMMIT",
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    await writeHistory(deps, change, activation);
    const data = { clientId: input.clientId };
    change.record(activationEvent("activation.created", activation, data));
    change.record(activationEvent("activation.prepared", activation, data));
    if (input.commit) change.record(activationEvent("activation.committed", activation, data));
    return { activation, cryptogram: inner.seal(innerAnswer(activation), change.now), now: change.now };
  });
}
