/**
 * Renewal in two phases (Approve protocol §11): new keys wait beside the old ones until the device says, with the new
 * `pop` key, that it has stored them; then one commit replaces all four.
 */
import { toBase64Url } from "@countersign/protocol/bytes";
import { isFailure } from "@countersign/protocol/errors";
import { readKeyProof, verifyKeyProof } from "@countersign/protocol/approve/key-proof";
import { keyUses } from "@countersign/protocol/approve/keys";
import { readMessage, verifyMessage } from "@countersign/protocol/approve/message";
import { readRenewPayload, renewAck, type RenewPayload } from "@countersign/protocol/approve/renew";
import { clockSkew } from "@countersign/protocol/approve/response";
import { activationEvent } from "../../activations/activation.ts";
import type { Deps } from "../../deps.ts";
import { isRefusal, type Refusal, refuse } from "../../errors.ts";
import type { Change } from "../../store/store.ts";
import { activeKey, type Container, keyFor } from "../container.ts";
import type { DeviceType } from "../device-types/device-type.ts";
import { findDeviceType } from "../device-types/device-types.ts";
import { addKeys, renewalDate } from "../enrolment/key-rows.ts";
import { recordFor } from "../enrolment/record.ts";
import { type Proven, redeemProof } from "../prove.ts";
import { holdContainer } from "./hold.ts";

type RenewDeps = Pick<Deps, "store" | "random" | "secrets" | "crypto" | "signingKeys" | "publicUrl">;

/**
 * The record of the new keys, encrypted to the old `enc` key (APV-REN-1). The same bytes get the same keys again; other
 * ones take the place of what waits. Refuses `feature-off`, `invalid-request` and `proof-invalid`. Writes
 * `container.renewal.started`.
 */
export async function beginRenewal(
  deps: RenewDeps,
  { proven, bytes }: { readonly proven: Proven; readonly bytes: Uint8Array },
): Promise<string | Refusal> {
  const { container } = proven;
  const payload = await vouchedPayload(container, bytes);
  if (payload === undefined) return refuse("invalid-request", "renewal");
  if (payload.aud !== deps.publicUrl || payload.cid !== container.activation.id) {
    return refuse("invalid-request", "aud or cid");
  }
  const type = await findDeviceType(deps, container.row.device_type);
  if (isRefusal(type)) return type;
  if (!type.features.renew) return refuse("feature-off");
  const transcript = toBase64Url(deps.crypto.sha256(bytes));
  const refused = await deps.store.transaction((change) => begin(deps, change, { proven, payload, type, transcript }));
  if (refused !== undefined) return refused;
  return (await recordFor(deps, container.activation.id, "renewal")) ?? refuse("proof-invalid");
}

/** Signed by every new key and, last, by the active `pop` key. */
async function vouchedPayload(container: Container, bytes: Uint8Array): Promise<RenewPayload | undefined> {
  const proof = readKeyProof(bytes, "apv-renew+jws");
  const read = isFailure(proof) ? undefined : readRenewPayload(proof);
  if (isFailure(proof) || read === undefined) return undefined;
  const voucher = activeKey(container, read.by, ["pop"]);
  const known = (kid: string) => (kid === voucher?.kid ? voucher.verifier : undefined);
  return (await verifyKeyProof(proof, known)) ? read.renewal : undefined;
}

interface Beginning {
  readonly proven: Proven;
  readonly payload: RenewPayload;
  readonly type: DeviceType;
  readonly transcript: string;
}

async function begin(
  deps: RenewDeps,
  change: Change,
  { proven: { container, claim, key }, payload, type, transcript }: Beginning,
): Promise<Refusal | undefined> {
  const { tenant } = deps.store;
  const { id } = container.activation;
  const held = await holdContainer(deps, change, id);
  if (isRefusal(held)) return held;
  if (!(await redeemProof(change, claim))) return refuse("proof-invalid");
  const rows = await change.db
    .selectFrom("container_key")
    .select(["kid", "public_jwk", "state"])
    .where("tenant", "=", tenant)
    .where("activation_id", "=", id)
    .execute();
  // What was read before the lock may be a renewal old.
  if (!rows.some(({ kid, state }) => kid === key.kid && state === "ACTIVE")) return refuse("proof-invalid");
  if (waitingTranscript(held.container.renewal) === transcript) return undefined;
  if (Math.abs(payload.iat * 1000 - change.now) > (clockSkew + 600) * 1000) return refuse("invalid-request", "iat");
  const settled = rows.filter(({ state }) => state !== "PENDING").map(({ public_jwk }) => public_jwk);
  const reused = payload.keys.some(({ jwk: { kty, crv, x, y } }) =>
    settled.includes(JSON.stringify({ kty, crv, x, y })),
  );
  if (reused) return refuse("invalid-request", "keys - known already");
  await change.db
    .deleteFrom("container_key")
    .where("tenant", "=", tenant)
    .where("activation_id", "=", id)
    .where("state", "=", "PENDING")
    .execute();
  const policies = keyUses.map((use) => [use, keyFor(container, use).policyId]);
  await addKeys(deps, change, {
    activationId: id,
    keys: payload.keys,
    type: { keyPolicies: Object.fromEntries(policies) as DeviceType["keyPolicies"] },
    state: "PENDING",
    renewBefore: renewalDate(type, change.now),
  });
  await change.db
    .updateTable("container")
    .set({ renewal: JSON.stringify({ transcript }) })
    .where("tenant", "=", tenant)
    .where("activation_id", "=", id)
    .execute();
  change.record(activationEvent("container.renewal.started", held.activation));
  return undefined;
}

export interface Renewed {
  /** Epoch ms; null for never. */
  readonly renewBefore: number | null;
}

/**
 * The new keys replace the old ones (APV-REN-2); the same again changes nothing and is answered alike. Refuses
 * `invalid-request` and `proof-invalid`. Writes `container.renewed`.
 */
export async function acknowledgeRenewal(
  deps: Pick<Deps, "store" | "publicUrl">,
  { proven, text }: { readonly proven: Proven; readonly text: string },
): Promise<Renewed | Refusal> {
  const { container, key } = proven;
  const read = readMessage(renewAck, text);
  if (isFailure(read) || read.kid !== key.kid || isFailure(await verifyMessage(read, key.verifier))) {
    return refuse("invalid-request", "ack");
  }
  const { iss, cid, aud, iat, transcript } = read.claims;
  const { id } = container.activation;
  const now = await deps.store.now();
  if (iss !== id || cid !== id || aud !== deps.publicUrl || iat * 1000 > now + clockSkew * 1000) {
    return refuse("invalid-request", "iss, aud, cid or iat");
  }
  return deps.store.transaction((change) => replaceKeys(deps, change, proven, transcript));
}

async function replaceKeys(
  deps: Pick<Deps, "store">,
  change: Change,
  { container: { activation }, claim, key }: Proven,
  transcript: string,
): Promise<Renewed | Refusal> {
  const { tenant } = deps.store;
  const held = await holdContainer(deps, change, activation.id);
  if (isRefusal(held)) return held;
  if (!(await redeemProof(change, claim))) return refuse("proof-invalid");
  const keys = () =>
    change.db.updateTable("container_key").where("tenant", "=", tenant).where("activation_id", "=", activation.id);
  const { renewal, transcript: current, renew_before } = held.container;
  const now = await change.db
    .selectFrom("container_key")
    .select(["state", "expires_at"])
    .where("tenant", "=", tenant)
    .where("activation_id", "=", activation.id)
    .where("kid", "=", key.kid)
    .executeTakeFirst();
  if (now?.state === "ACTIVE" && current === transcript) return { renewBefore: renew_before };
  if (now?.state !== "PENDING" || waitingTranscript(renewal) !== transcript) {
    return refuse("invalid-request", "ack - transcript");
  }
  await keys().set({ state: "RETIRED" }).where("state", "=", "ACTIVE").execute();
  await keys().set({ state: "ACTIVE" }).where("state", "=", "PENDING").execute();
  const { expires_at: renewBefore } = await change.db
    .selectFrom("container_key")
    .select("expires_at")
    .where("tenant", "=", tenant)
    .where("activation_id", "=", activation.id)
    .where("state", "=", "ACTIVE")
    .where("use", "=", "tx")
    .executeTakeFirstOrThrow();
  await change.db
    .updateTable("container")
    .set({ renewal: null, transcript, renew_before: renewBefore })
    .where("tenant", "=", tenant)
    .where("activation_id", "=", activation.id)
    .execute();
  change.record(activationEvent("container.renewed", held.activation, { renewBefore }));
  return { renewBefore };
}

function waitingTranscript(renewal: string | null): string | undefined {
  return renewal === null ? undefined : (JSON.parse(renewal) as { readonly transcript: string }).transcript;
}
