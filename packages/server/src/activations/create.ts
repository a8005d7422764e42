/** Start and key exchange in one, for a back office that has identified the user by means of its own. */
import { encryptorIds } from "@countersign/protocol/powerauth/ecies";
import type { EncryptionHeader } from "@countersign/protocol/powerauth/headers";
import { isSupported } from "../applications/versions.ts";
import { type EnvelopeDeps, openEnvelope } from "../encryption/envelope.ts";
import { claimIn } from "../encryption/replay.ts";
import { isRefusal, type Refusal, refuse } from "../errors.ts";
import type { Claim } from "../store/store.ts";
import { activationEvent, writeHistory } from "./activation.ts";
import { draftActivation } from "./init.ts";
import { exchangeKeys, innerAnswer, type Prepared, readDevice } from "./prepare.ts";

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
  readonly claims?: readonly Claim[] | undefined;
  readonly clientId?: string | undefined;
}

/**
 * Ends PENDING_COMMIT. Refuses as `openEnvelope` does, `invalid-request`, `activation-not-created`, `key-not-valid`,
 * `otp-wrong` (a password in the device's part has no phase here), `version-not-supported` and `replayed`.
 */
export async function createActivation(deps: EnvelopeDeps, input: DirectActivation): Promise<Prepared | Refusal> {
  if (input.otp === "") return refuse("invalid-request", "activationOtp - empty");
  const inner = await openEnvelope(deps, encryptorIds.activationLayer2, input.header, input.cryptogram);
  if (isRefusal(inner)) return inner;
  const device = readDevice(inner);
  if (device === undefined) return refuse("invalid-request");
  if (device.otp !== undefined) return refuse("otp-wrong");
  const draft = await draftActivation(deps, { ...input, applicationId: inner.application.applicationId });
  if (isRefusal(draft)) return draft;
  const exchanged = exchangeKeys(deps, draft(0), device, input.header.version);
  if (exchanged === undefined) return refuse("key-not-valid");

  return deps.store.transaction(async (change) => {
    if (!(await isSupported(deps, change, input.header.applicationKey))) return refuse("version-not-supported");
    if (!(await claimIn(change, [...(input.claims ?? []), ...inner.claims]))) return refuse("replayed");
    const activation = await change.db
      .insertInto("activation")
      .values({
        ...draft(change.now),
        ...exchanged,
        status: "PENDING_COMMIT",
        otp_validation: input.otp === undefined ? "NONE" : "ON_COMMIT",
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    await writeHistory(deps, change, activation);
    const data = { clientId: input.clientId };
    change.record(activationEvent("activation.created", activation, data));
    change.record(activationEvent("activation.prepared", activation, data));
    return { activation, cryptogram: inner.seal(innerAnswer(activation), change.now), now: change.now };
  });
}
