/** Validates a one-time password: counter, failures and the answer to a challenge move in one commit. */
import { activationEvent } from "../../activations/activation.ts";
import type { Deps } from "../../deps.ts";
import { type Refusal, refuse } from "../../errors.ts";
import type { OtpSecretTable } from "../../store/schema.ts";
import type { Change } from "../../store/store.ts";
import { heldSecrets } from "./held-secrets.ts";
import { matchOtp, type OtpAttempt } from "./match.ts";
import { otpPlace } from "./otp-secret.ts";

export interface OtpInput extends OtpAttempt {
  /** One container, or those of one user: the first whose password it is. */
  readonly containerIds: readonly string[];
  readonly label: string;
  readonly clientId: string;
}

/**
 * The container whose password it was. A wrong one counts against every secret it was tried on, and the last try blocks
 * a secret until its container is unblocked. Refuses `otp-secret-not-found`, `otp-blocked` and `otp-wrong`. Writes
 * `otp.accepted`, `otp.failed` and `otp.blocked`.
 */
export function validateOtp(
  deps: Pick<Deps, "store" | "secrets">,
  input: OtpInput,
): Promise<{ readonly containerId: string } | Refusal> {
  return deps.store.transaction(async (change) => {
    const held = await heldSecrets(deps, change, input.containerIds, input.label);
    if (held.length === 0) return refuse("otp-secret-not-found");
    const open = held.filter((row) => row.failed_attempts < row.max_failed_attempts);
    if (open.length === 0) return refuse("otp-blocked");
    for (const row of open) {
      const secret = deps.secrets.open(otpPlace(row.activation_id, row.label), row.secret_sealed);
      const match = matchOtp(row, secret, input, change.now);
      if (match === undefined) continue;
      const used = match.answered ? { challenge: null, challenge_expires_at: null } : {};
      await write(deps, change, row, { counter: match.counter, failed_attempts: 0, ...used });
      await record(deps, change, row, "otp.accepted", input.clientId);
      return { containerId: row.activation_id };
    }
    for (const row of open) {
      const failed_attempts = row.failed_attempts + 1;
      await write(deps, change, row, { failed_attempts });
      await record(deps, change, row, "otp.failed", input.clientId);
      if (failed_attempts >= row.max_failed_attempts) await record(deps, change, row, "otp.blocked", input.clientId);
    }
    return refuse("otp-wrong");
  });
}

async function write(
  { store }: Pick<Deps, "store">,
  { db }: Change,
  row: OtpSecretTable,
  set: Partial<Pick<OtpSecretTable, "counter" | "failed_attempts" | "challenge" | "challenge_expires_at">>,
): Promise<void> {
  await db
    .updateTable("otp_secret")
    .set(set)
    .where("tenant", "=", store.tenant)
    .where("activation_id", "=", row.activation_id)
    .where("label", "=", row.label)
    .execute();
}

async function record(
  { store }: Pick<Deps, "store">,
  { db, record: keep }: Change,
  row: OtpSecretTable,
  type: "otp.accepted" | "otp.failed" | "otp.blocked",
  clientId: string,
): Promise<void> {
  const activation = await db
    .selectFrom("activation")
    .selectAll()
    .where("tenant", "=", store.tenant)
    .where("id", "=", row.activation_id)
    .executeTakeFirstOrThrow();
  keep(activationEvent(type, activation, { label: row.label, clientId }));
}
