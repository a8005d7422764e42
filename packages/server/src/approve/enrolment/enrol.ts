/** A device enrols (Approve protocol §4): its keys prove themselves, the rules are asked, and a container is made. */
import { toBase64Url } from "@countersign/protocol/bytes";
import { isFailure } from "@countersign/protocol/errors";
import { type EnrolPayload, readEnrolPayload } from "@countersign/protocol/approve/enrol";
import { readKeyProof, verifyKeyProof } from "@countersign/protocol/approve/key-proof";
import { protocolVersion } from "@countersign/protocol/approve/transaction";
import { clockSkew } from "@countersign/protocol/approve/response";
import { activationEvent, writeHistory } from "../../activations/activation.ts";
import { draftActivation } from "../../activations/init.ts";
import type { Deps } from "../../deps.ts";
import { isRefusal, type Refusal, refuse } from "../../errors.ts";
import { isToken } from "../../push/device.ts";
import { registerWithin } from "../../push/register.ts";
import type { EnrolOfferTable } from "../../store/schema.ts";
import type { Change } from "../../store/store.ts";
import { enrolmentDefect } from "./allow.ts";
import { type DeviceType, deviceTypeOf } from "../device-types/device-type.ts";
import { codeHash } from "./offer.ts";
import { addKeys, renewalDate } from "./key-rows.ts";
import { addOtpSecrets } from "../otp/otp-secret.ts";
import { recordFor } from "./record.ts";

type EnrolDeps = Pick<Deps, "store" | "random" | "secrets" | "crypto" | "signingKeys" | "publicUrl" | "config">;

/**
 * The record for the device, encrypted to it. The same bytes get the same container again (APV-OFF-4). Refuses
 * `invalid-request`, `offer-unknown`, `offer-used`, `offer-expired`, `device-not-allowed`, `too-many-devices`,
 * `version-not-supported`. Writes `activation.committed`, or `enrolment.failed` where the offer is known.
 */
export async function enrol(
  deps: EnrolDeps,
  { bytes, language }: { readonly bytes: Uint8Array; readonly language: string },
): Promise<string | Refusal> {
  const payload = await proven(bytes);
  if (isRefusal(payload)) return payload;
  const digest = toBase64Url(deps.crypto.sha256(bytes));
  const fits = payload.aud === deps.publicUrl && payload.algs.includes("ES256");
  if (!fits) return refuse("invalid-request", "aud or algs");
  if (!payload.ver.includes(protocolVersion)) return refuse("version-not-supported");
  if (payload.push !== undefined && !isToken(payload.push.platform, payload.push.token)) {
    return refuse("invalid-request", "push");
  }
  const request = { payload, digest, language };
  const activationId = await deps.store.transaction((change) => enrolOnce(deps, change, request));
  if (isRefusal(activationId)) return activationId;
  return (await recordFor(deps, activationId, "enrol")) ?? refuse("offer-used");
}

async function proven(bytes: Uint8Array): Promise<EnrolPayload | Refusal> {
  const proof = readKeyProof(bytes, "apv-enrol+jws");
  const payload = isFailure(proof) ? undefined : readEnrolPayload(proof);
  if (isFailure(proof) || payload === undefined) return refuse("invalid-request", "enrolment - malformed");
  return (await verifyKeyProof(proof)) ? payload : refuse("invalid-request", "enrolment - signature");
}

interface EnrolRequest {
  readonly payload: EnrolPayload;
  /** Of the bytes: the transcript. */
  readonly digest: string;
  readonly language: string;
}

async function enrolOnce(deps: EnrolDeps, change: Change, request: EnrolRequest): Promise<string | Refusal> {
  const { payload } = request;
  const offer = await lockedOffer(deps, change, payload.code);
  if (offer === undefined) return refuse("offer-unknown");
  const type = await lockedType(deps, change, offer.device_type);
  const made = await enrolByOffer(deps, change, { offer, type, request });
  // Only who has an offer gets this far: strangers write nothing.
  if (isRefusal(made)) {
    change.record({
      type: "enrolment.failed",
      subject: offer.id,
      applications: [type.applicationId],
      data: { userId: offer.user_id, deviceType: type.id, reason: made.refused },
    });
  }
  return made;
}

interface ByOffer {
  readonly offer: EnrolOfferTable;
  readonly type: DeviceType;
  readonly request: EnrolRequest;
}

async function enrolByOffer(
  deps: EnrolDeps,
  change: Change,
  { offer, type, request }: ByOffer,
): Promise<string | Refusal> {
  const { payload, digest } = request;
  if (offer.activation_id !== null) {
    return offer.request_digest === digest ? offer.activation_id : refuse("offer-used");
  }
  if (change.now >= offer.expires_at) return refuse("offer-expired");
  if (Math.abs(payload.iat * 1000 - change.now) > (clockSkew + 600) * 1000) return refuse("invalid-request", "iat");
  const refused = await enrolmentDefect(deps, change, type, offer.user_id, payload.device);
  if (refused !== undefined) return refused;
  const activationId = await makeContainer(deps, change, type, offer, request);
  if (isRefusal(activationId)) return activationId;
  await change.db
    .updateTable("enrol_offer")
    .set({ activation_id: activationId, request_digest: digest, invite_hash: null })
    .where("tenant", "=", deps.store.tenant)
    .where("id", "=", offer.id)
    .execute();
  return activationId;
}

/** Held until the commit, so that two requests for one offer follow each other. */
function lockedOffer(deps: EnrolDeps, { db }: Change, code: string): Promise<EnrolOfferTable | undefined> {
  return db
    .selectFrom("enrol_offer")
    .selectAll()
    .where("tenant", "=", deps.store.tenant)
    .where("code_hash", "=", codeHash(deps, code))
    .$if(deps.store.dialect === "postgres", (query) => query.forUpdate())
    .executeTakeFirst();
}

/** Held as well: the number of a user's devices is counted under it. */
async function lockedType(deps: EnrolDeps, { db }: Change, id: string): Promise<DeviceType> {
  const row = await db
    .selectFrom("device_type")
    .selectAll()
    .where("tenant", "=", deps.store.tenant)
    .where("id", "=", id)
    .$if(deps.store.dialect === "postgres", (query) => query.forUpdate())
    .executeTakeFirstOrThrow();
  return deviceTypeOf(row);
}

async function makeContainer(
  deps: EnrolDeps,
  change: Change,
  type: DeviceType,
  offer: EnrolOfferTable,
  { payload, digest: transcript, language }: EnrolRequest,
): Promise<string | Refusal> {
  const { tenant } = deps.store;
  const draft = await draftActivation(deps, {
    applicationId: type.applicationId,
    userId: offer.user_id,
    maxFailedAttempts: type.countermeasures.disableThreshold,
  });
  if (isRefusal(draft)) return draft;
  const { device, keys, push } = payload;
  const row = await change.db
    .insertInto("activation")
    .values({
      ...draft(change.now),
      status: "ACTIVE",
      protocol: "approve",
      name: device.name ?? null,
      platform: device.platform,
      device_info: device.model ?? null,
      // A container has no key pair of the server's: what it is told is signed by the server's own key.
      server_public_key: "",
      server_private_sealed: "",
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  const renewBefore = renewalDate(type, change.now);
  await change.db
    .insertInto("container")
    .values({
      tenant,
      activation_id: row.id,
      device_type: type.id,
      policies: JSON.stringify(type.policies),
      info: JSON.stringify(device),
      transcript,
      renewal: null,
      renew_before: renewBefore,
      deletion_reason: null,
    })
    .execute();
  await addKeys(deps, change, { activationId: row.id, keys, type, state: "ACTIVE", renewBefore });
  await addOtpSecrets(deps, change, row.id, type.otp);
  await writeHistory(deps, change, row);
  // A token that another node takes at this moment is left to it; the device sends its own again (APV-DEV-2).
  if (push !== undefined) await registerWithin(deps, change, { activationId: row.id, ...push, language });
  change.record(
    activationEvent("activation.committed", row, { protocol: "approve", offerId: offer.id, deviceType: type.id }),
  );
  return row.id;
}
