/**
 * Enrolment (Approve protocol §4), as steps that a crash may fall between: whatever was stored last, the same offer goes on
 * from there. It ends in one container or none, because the request is stored before it is sent, and the server takes the
 * same bytes for the same container (APV-ENR-9, APV-OFF-4).
 */
import { type EnrolRecord, enrolRecord, type PushAddress } from "@countersign/protocol/approve/enrol";
import { makeKeyProof } from "@countersign/protocol/approve/key-proof";
import { keyUses } from "@countersign/protocol/approve/keys";
import { noAnswer } from "@countersign/protocol/approve/response";
import type { PinnedKey } from "@countersign/protocol/approve/server-keys";
import { protocolVersion } from "@countersign/protocol/approve/transaction";
import type { ApproveDevice } from "../device.ts";
import { serverSeconds } from "../clock.ts";
import { ApproveError, isServerCode, isUnknownOutcome } from "../errors.ts";
import { send, textOf } from "../exchange.ts";
import type { FreshKey } from "../key-vault.ts";
import { keysAfter, verifiedBy } from "../server-keys.ts";
import { addressOf, authenticateOffer, type AuthenticOffer, readOffer, redeemInvite, type Typed } from "./offer.ts";
import { askPasswords, isKept, openRecord, type Prompt, wipe } from "./record.ts";
import {
  changeState,
  type ContainerState,
  digestOf,
  loadState,
  type PendingEnrolment,
  replaced,
  type StoredRecord,
  unique,
} from "../state.ts";

export interface EnrolInput {
  /** Text of an offer, or what was typed. */
  readonly from: string | Typed;
  /** How the device is called. */
  readonly name?: string | undefined;
  readonly push?: PushAddress | undefined;
  readonly prompt: Prompt;
}

/** One at a time on a device. Throws what the server refuses with, and `prompt-cancelled`: the same offer then goes on. */
export function enrol(device: ApproveDevice, input: EnrolInput): Promise<ContainerState> {
  return device.storage.withLock("approve/enrolling", async () => {
    await dropStale(device);
    const pending = await begin(device, input.from);
    try {
      return await complete(device, pending, input);
    } catch (error) {
      if (isFinal(error)) await drop(device, pending);
      throw error;
    }
  });
}

/** The pending enrolment of this offer, as far as it has come. */
async function begin(device: ApproveDevice, from: string | Typed): Promise<PendingEnrolment> {
  const { enrolments } = await loadState(device);
  const typed = typeof from === "string" ? undefined : typedDigest(device, from);
  const known = typed === undefined ? undefined : enrolments.find((one) => one.typed === typed);
  if (known !== undefined) return known;
  const text = typeof from === "string" ? from : await redeemInvite(device, from);
  const read = readOffer(text);
  const { code } = read.claims;
  const begun = enrolments.find((one) => one.code === code);
  if (begun !== undefined) return begun;
  const more = typed === undefined ? {} : { typed };
  const pending = { id: unique(device), begunAt: device.now(), code, offer: read.text, handles: [], ...more };
  await changeState(device, (state) => ({
    state: { ...state, enrolments: [...state.enrolments, pending] },
    result: undefined,
  }));
  return pending;
}

async function complete(device: ApproveDevice, begun: PendingEnrolment, input: EnrolInput): Promise<ContainerState> {
  const vault = device.vaultOf(begun.id);
  if (begun.record !== undefined && (await isKept(vault, begun.record))) return finish(device, begun, begun.record);
  const left = await vault.reload(begun.handles);
  const goesOn = begun.record !== undefined && left.length === keyUses.length;
  const { pending, record, fresh } = goesOn
    ? { pending: begun, record: begun.record, fresh: left }
    : await registered(device, begun, left, input);
  const passwords = await askPasswords({ ...record, otp: pending.otp }, input.prompt);
  try {
    const keys = record.keys.map(({ use, kid, policy }) => ({ fresh: freshOf(fresh, use), kid, policyId: policy }));
    await vault.keep({ keys, secrets: await vault.entrusted(), policies: record.policies, passwords });
  } finally {
    wipe(passwords);
  }
  return finish(device, pending, record);
}

/**
 * The server has the keys, and its record is stored. From here on nothing but the vault knows the secrets of one-time
 * passwords, and nothing at all the request: what comes is under a password (APV-LOCK-2).
 */
async function registered(
  device: ApproveDevice,
  { record: _was, ...begun }: PendingEnrolment,
  left: readonly FreshKey[],
  { name, push }: EnrolInput,
) {
  const vault = device.vaultOf(begun.id);
  const offer = await authenticateOffer(device, readOffer(begun.offer));
  let fresh = left;
  let pending: PendingEnrolment = begun;
  if (pending.body === undefined || fresh.length !== keyUses.length) {
    // What was made for a request that was never stored is of no use.
    await vault.destroy();
    fresh = await vault.generate(keyUses);
    pending = await requested(device, pending, offer, fresh, name, push);
  }
  const opened = await register(device, pending, offer, fresh);
  const { otp: secrets = [], ...record } = opened.record;
  await vault.entrust(secrets);
  const otp = secrets.map(({ secret: _, ...kind }) => kind);
  const { body: _sent, ...rest } = pending;
  pending = await update(device, { ...rest, record, enrolledBy: opened.serverKid, otp });
  return { pending, record, fresh };
}

/** Makes the request and stores it, before it is sent. */
async function requested(
  device: ApproveDevice,
  pending: PendingEnrolment,
  { claims }: AuthenticOffer,
  fresh: readonly FreshKey[],
  name: string | undefined,
  push: PushAddress | undefined,
): Promise<PendingEnrolment> {
  const payload = {
    code: claims.code,
    nonce: unique(device),
    iat: serverSeconds(device, claims.iss),
    aud: claims.iss,
    keys: fresh.map(({ use, jwk }) => ({ use, jwk })),
    ver: [protocolVersion],
    algs: ["ES256"],
    device: { ...device.info, ...(name !== undefined && { name }) },
    ...(push !== undefined && { push }),
  };
  const body = textOf(await makeKeyProof("apv-enrol+jws", payload, fresh));
  const handles = fresh.map(({ handle }) => handle);
  return update(device, { ...pending, handles, body, popJwk: freshOf(fresh, "pop").jwk });
}

async function register(
  device: ApproveDevice,
  { body = "" }: PendingEnrolment,
  { claims: { iss }, serverKeys }: AuthenticOffer,
  fresh: readonly FreshKey[],
) {
  const call = { iss, method: "POST", path: "/approve/v1/enrol", body } as const;
  const answer = await send(device, device.connectionOf(undefined), call);
  let good: readonly PinnedKey[] = serverKeys.map((jwk) => ({ jwk }));
  const opened = await openRecord(enrolRecord, answer.record, {
    iss,
    transcript: digestOf(device, body),
    open: (jwe) => freshOf(fresh, "enc").open(jwe),
    async verify(read) {
      // The server may have changed its key since it made the offer: the old one says by which (APV-ROT-2).
      if ((await verifiedBy(good, read)) === "unknown") good = await keysAfter(device, { id: undefined, iss }, good);
      return (await verifiedBy(good, read)) === "right";
    },
  });
  const enc = opened.record.keys.find(({ use }) => use === "enc");
  // Only keys that the authentic offer leads to are pinned: a record cannot bring others.
  const pinned = opened.record.serverKeys.every(({ kid, x, y }) =>
    good.some(({ jwk, retiredAt }) => retiredAt === undefined && jwk.kid === kid && jwk.x === x && jwk.y === y),
  );
  if (enc?.kid !== opened.containerKid || !pinned) {
    throw new ApproveError("message-wrong", "The server's record names other keys");
  }
  return opened;
}

/** One write makes the container and ends the enrolment. */
function finish(device: ApproveDevice, pending: PendingEnrolment, record: StoredRecord): Promise<ContainerState> {
  const { id, popJwk, enrolledBy, otp = [] } = pending;
  if (popJwk === undefined || enrolledBy === undefined)
    throw new ApproveError("state-invalid", "The enrolment is damaged");
  const container: ContainerState = {
    ...heldOf(record),
    id,
    createdAt: device.now(),
    transcript: record.transcript,
    enrolledBy,
    popJwk,
    pinned: record.serverKeys.map((jwk) => ({ jwk })),
    otp,
    seq: 0,
    prev: noAnswer,
    sent: [],
  };
  return changeState(device, (state) => ({
    state: {
      ...state,
      enrolments: state.enrolments.filter((one) => one.id !== id),
      containers: [...state.containers, container],
    },
    result: container,
  }));
}

/** What of a record a container keeps, after enrolment and after each renewal. */
export function heldOf(record: StoredRecord) {
  const { cid, iss, tenant, user, name, keys, policies, features, renewBefore, client, parties = [] } = record;
  return {
    cid,
    iss,
    tenant,
    user,
    name,
    keys,
    policies,
    features,
    parties,
    ...(renewBefore !== undefined && { renewBefore }),
    ...(client !== undefined && { client }),
  };
}

export function freshOf(fresh: readonly FreshKey[], use: EnrolRecord["keys"][number]["use"]): FreshKey {
  const key = fresh.find((one) => one.use === use);
  if (key === undefined) throw new ApproveError("lost", `The fresh ${use} key is gone`);
  return key;
}

function update(device: ApproveDevice, pending: PendingEnrolment): Promise<PendingEnrolment> {
  return changeState(device, (state) => ({
    state: { ...state, enrolments: replaced(state.enrolments, pending) },
    result: pending,
  }));
}

async function drop(device: ApproveDevice, { id }: PendingEnrolment): Promise<void> {
  await device.vaultOf(id).destroy();
  await changeState(device, (state) => ({
    state: { ...state, enrolments: state.enrolments.filter((one) => one.id !== id) },
    result: undefined,
  }));
}

/** A day later nobody comes back to an enrolment. */
async function dropStale(device: ApproveDevice): Promise<void> {
  const { enrolments } = await loadState(device);
  const before = device.now() - 86_400_000;
  for (const one of enrolments) if (one.begunAt < before) await drop(device, one);
}

/** The server will never take this request: nothing is worth keeping. */
function isFinal(error: unknown): boolean {
  const refused = error instanceof ApproveError && (isServerCode(error.code) || error.code === "refused");
  return refused && !isUnknownOutcome(error) && error.code !== "throttled";
}

function typedDigest(device: ApproveDevice, { userId, inviteCode, serverUrl }: Typed): string {
  return digestOf(device, JSON.stringify([addressOf(serverUrl), userId, inviteCode]));
}
