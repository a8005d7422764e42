/** Offers: the back office invites a user's device to enrol (Approve protocol §3). */
import { toBase64Url } from "@countersign/protocol/bytes";
import { offer, offerSeconds, transcriptCode } from "@countersign/protocol/approve/offer";
import type { Deps } from "../../deps.ts";
import { isRefusal, type Refusal, refuse } from "../../errors.ts";
import type { EnrolOfferTable } from "../../store/schema.ts";
import { findDeviceType } from "../device-types/device-types.ts";
import { activeServerKey, signForDevices } from "../server-key.ts";

export interface NewOffer {
  readonly clientId: string;
  readonly userId: string;
  readonly deviceType: string;
  /** With a code to be typed beside the one to be scanned. */
  readonly invite: boolean;
  /** At most ten minutes. */
  readonly seconds?: number | undefined;
}

export interface Offered {
  readonly id: string;
  /** What QR code, link and push message carry. */
  readonly offer: string;
  /** Ten characters in two groups; shown once. */
  readonly inviteCode?: string;
  readonly expiresAt: number;
}

type OfferDeps = Pick<Deps, "store" | "random" | "secrets" | "signingKeys" | "publicUrl">;

/** Refuses `device-type-not-found` and `invalid-request`. Writes `offer.created`. */
export async function createOffer(deps: OfferDeps, input: NewOffer): Promise<Offered | Refusal> {
  const type = await findDeviceType(deps, input.deviceType);
  if (isRefusal(type)) return type;
  const seconds = input.seconds ?? offerSeconds;
  if (seconds > offerSeconds) return refuse("invalid-request", "seconds - at most 600");
  const id = toBase64Url(deps.random(16));
  const code = toBase64Url(deps.random(16));
  const inviteCode = input.invite ? newInviteCode(deps) : undefined;
  const { tenant } = deps.store;
  const made = await deps.store.transaction(async ({ db, now, record }) => {
    const row: EnrolOfferTable = {
      tenant,
      id,
      device_type: type.id,
      user_id: input.userId,
      code_hash: codeHash(deps, code),
      invite_hash: inviteCode === undefined ? null : inviteHash(deps, input.userId, inviteCode),
      request_digest: null,
      activation_id: null,
      created_at: now,
      expires_at: now + seconds * 1000,
    };
    await db.insertInto("enrol_offer").values(row).execute();
    record({
      type: "offer.created",
      subject: id,
      applications: [type.applicationId],
      data: { userId: input.userId, deviceType: type.id, clientId: input.clientId, expiresAt: row.expires_at },
    });
    return row;
  });
  return {
    id,
    offer: await offerText(deps, made, code),
    ...(inviteCode !== undefined && { inviteCode }),
    expiresAt: made.expires_at,
  };
}

export type OfferState = "open" | "used" | "expired";

export function offerState(row: EnrolOfferTable, now: number): OfferState {
  if (row.activation_id !== null) return "used";
  return now >= row.expires_at ? "expired" : "open";
}

/** Refuses `offer-unknown`. */
export async function findOffer(deps: Pick<Deps, "store">, id: string): Promise<EnrolOfferTable | Refusal> {
  const row = await deps.store.read
    .selectFrom("enrol_offer")
    .selectAll()
    .where("tenant", "=", deps.store.tenant)
    .where("id", "=", id)
    .executeTakeFirst();
  return row ?? refuse("offer-unknown");
}

/** Six digits that the enrolled device shows, too (APV-ENR-6). Undefined while nobody has enrolled. */
export async function transcriptCodeOf(
  { store, signingKeys, crypto }: Pick<Deps, "store" | "signingKeys" | "crypto">,
  { activation_id, request_digest }: EnrolOfferTable,
): Promise<string | undefined> {
  const container = activation_id === null ? undefined : await store.findActivation(activation_id);
  if (container === undefined || request_digest === null) return undefined;
  const { kid } = activeServerKey(await signingKeys.current(), container.created_at);
  return transcriptCode((data) => crypto.sha256(data), request_digest, kid);
}

/** Of a user, newest first, at most 100. */
export async function listOffers(deps: Pick<Deps, "store">, userId: string): Promise<readonly EnrolOfferTable[]> {
  return deps.store.read
    .selectFrom("enrol_offer")
    .selectAll()
    .where("tenant", "=", deps.store.tenant)
    .where("user_id", "=", userId)
    .orderBy("created_at", "desc")
    .orderBy("id")
    .limit(100)
    .execute();
}

/**
 * The offer for who types a user id and an invite code (APV-OFF-3), with a new code to enrol with: the scanned one stays
 * secret. Refuses `offer-unknown` alike for a wrong user, a wrong code, and one that is used or over.
 */
export async function redeemInvite(
  deps: OfferDeps,
  input: { readonly userId: string; readonly inviteCode: string },
): Promise<string | Refusal> {
  const invite_hash = inviteHash(deps, input.userId, input.inviteCode);
  const code = toBase64Url(deps.random(16));
  const { tenant } = deps.store;
  const row = await deps.store.transaction(async ({ db, now }) =>
    db
      .updateTable("enrol_offer")
      .set({ invite_hash: null, code_hash: codeHash(deps, code) })
      .where("tenant", "=", tenant)
      .where("user_id", "=", input.userId)
      .where("invite_hash", "=", invite_hash)
      .where("activation_id", "is", null)
      .where("expires_at", ">", now)
      .returningAll()
      .executeTakeFirst(),
  );
  return row === undefined ? refuse("offer-unknown") : offerText(deps, row, code);
}

export function codeHash({ secrets }: Pick<Deps, "secrets">, code: string): string {
  return secrets.hash("enrol-code", code);
}

async function offerText(deps: OfferDeps, row: EnrolOfferTable, code: string): Promise<string> {
  // One look at the keys: what the offer names has to be what signs it.
  const keys = await deps.signingKeys.current();
  return signForDevices({ signingKeys: keys }, offer, {
    iss: deps.publicUrl,
    jti: row.id,
    code,
    iat: Math.floor(row.created_at / 1000),
    exp: Math.floor(row.expires_at / 1000),
    dty: "apv1",
    tenant: row.tenant,
    sks: [activeServerKey(keys).kid],
  });
}

const inviteAlphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/** 50 bits, without characters that look like others. */
function newInviteCode({ random }: Pick<Deps, "random">): string {
  const text = [...random(10)].map((byte) => inviteAlphabet.charAt(byte & 31)).join("");
  return `${text.slice(0, 5)}-${text.slice(5)}`;
}

function inviteHash({ secrets }: Pick<Deps, "secrets">, userId: string, inviteCode: string): string {
  return secrets.hash("invite-code", JSON.stringify([userId, inviteCode.toUpperCase().replace(/[\s-]/g, "")]));
}
