/** Secrets of one-time passwords: made at enrolment, told to the device once, kept sealed. */
import { toBase64Url } from "@countersign/protocol/bytes";
import type { OtpSecret } from "@countersign/protocol/approve/enrol";
import type { Deps } from "../../deps.ts";
import type { Change } from "../../store/store.ts";
import type { OtpKind } from "../device-types/device-type.ts";

/** RFC 4226 §4: as long as the digest of HMAC-SHA-1. */
const secretBytes = 20;
const mostFailures = 5;

export async function addOtpSecrets(
  deps: Pick<Deps, "store" | "random" | "secrets">,
  { db }: Change,
  activationId: string,
  kinds: readonly OtpKind[],
): Promise<void> {
  for (const kind of kinds) {
    await db
      .insertInto("otp_secret")
      .values({
        tenant: deps.store.tenant,
        activation_id: activationId,
        label: kind.label,
        type: kind.type,
        secret_sealed: deps.secrets.seal(otpPlace(activationId, kind.label), deps.random(secretBytes)),
        digits: kind.digits,
        algorithm: kind.algorithm,
        period: kind.period ?? null,
        suite: kind.suite ?? null,
        challenge: null,
        challenge_expires_at: null,
        counter: 0,
        failed_attempts: 0,
        max_failed_attempts: mostFailures,
      })
      .execute();
  }
}

export async function otpSecretsOf(
  deps: Pick<Deps, "store" | "secrets">,
  activationId: string,
  kinds: readonly OtpKind[],
): Promise<readonly OtpSecret[]> {
  if (kinds.length === 0) return [];
  const rows = await deps.store.read
    .selectFrom("otp_secret")
    .select(["label", "secret_sealed"])
    .where("tenant", "=", deps.store.tenant)
    .where("activation_id", "=", activationId)
    .execute();
  const secrets = new Map(rows.map((row) => [row.label, row.secret_sealed]));
  return kinds.flatMap((kind) => {
    const sealed = secrets.get(kind.label);
    if (sealed === undefined) return [];
    return { ...kind, secret: toBase64Url(deps.secrets.open(otpPlace(activationId, kind.label), sealed)) };
  });
}

export function otpPlace(activationId: string, label: string) {
  return { table: "otp_secret", column: "secret_sealed", row: JSON.stringify([activationId, label]) };
}
