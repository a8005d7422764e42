/**
 * What everything that a person signs on a device has to pass, answers (Approve protocol §8) and what a device starts by
 * itself (§9) alike: its key, the person's verification, its place in the container's sequence.
 */
import { fromBase64, fromBase64Url, toBase64, toBase64Url, utf8 } from "@countersign/protocol/bytes";
import { isFailure } from "@countersign/protocol/errors";
import { type Message, readMessage, verifyMessage } from "@countersign/protocol/approve/message";
import { factorsOfMethod, methodsOf } from "@countersign/protocol/approve/policy";
import { type AnswerClaims, answerDigest, noAnswer } from "@countersign/protocol/approve/response";
import type { AllowedStatus } from "@countersign/protocol/approve/transaction";
import { factorsOf } from "@countersign/protocol/powerauth/signature";
import type { Evidence } from "@countersign/protocol/receipt";
import { activationEvent, historyRow } from "../../activations/activation.ts";
import type { Deps } from "../../deps.ts";
import { isRefusal, type Refusal, refuse } from "../../errors.ts";
import { type DeviceActor, failOnce } from "../../operations/decide.ts";
import type { ActivationRow, ActivationUpdate, Claim, HotRows, Outcome, Writes } from "../../store/store.ts";
import { activeKey, type Container, type ContainerKey, isOver } from "../container.ts";

export interface SignedCall {
  readonly container: Container;
  /** Epoch ms when the proof of this call was checked. */
  readonly now: number;
  /** Makes the proof of this call usable once. */
  readonly claim: Claim;
  /** Compact JWS. */
  readonly text: string;
  readonly ipAddress: string;
  readonly userAgent: string;
}

export interface Signed<Claims extends AnswerClaims> {
  readonly call: SignedCall;
  readonly claims: Claims;
  readonly key: ContainerKey;
  readonly isRight: boolean;
  /** What names the answer (APV-RES-9). */
  readonly digest: string;
}

/** Type, key and signature. Refuses `invalid-request` and `key-expired`; a wrong signature is for the caller to count. */
export async function readSigned<Claims extends AnswerClaims>(
  deps: Pick<Deps, "crypto">,
  message: Message<Claims>,
  call: SignedCall,
): Promise<Signed<Claims> | Refusal> {
  const read = readMessage(message, call.text);
  if (isFailure(read)) return refuse("invalid-request", "message - malformed");
  const key = activeKey(call.container, read.kid, ["tx", "auth"]);
  if (key === undefined) return refuse("invalid-request", "message - kid");
  if (isOver(key, call.now)) return refuse("key-expired");
  const isRight = !isFailure(await verifyMessage(read, key.verifier));
  return {
    call,
    claims: read.claims,
    key,
    isRight,
    digest: answerDigest((data) => deps.crypto.sha256(data), call.text),
  };
}

/** The container as the commit finds it, its proof used for the first time. */
export function activeContainer({ claimed, activation }: HotRows): ActivationRow | Refusal {
  if (!claimed) return refuse("proof-invalid");
  if (activation === undefined) return refuse("container-removed");
  return activation.status === "ACTIVE" ? activation : refuse("container-blocked");
}

export function addressDefect(
  deps: Pick<Deps, "publicUrl">,
  { claims }: Signed<AnswerClaims>,
  activation: ActivationRow,
): Refusal | undefined {
  const fits = claims.aud === deps.publicUrl && claims.iss === activation.id;
  return fits ? undefined : refuse("invalid-request", "aud or iss");
}

/** The person's verification, as the key's policy and the status ask. */
export function verificationDefect(
  { claims, key }: Signed<AnswerClaims>,
  { uv }: Pick<AllowedStatus, "uv">,
): Refusal | undefined {
  const possible = methodsOf[key.policy.type].includes(claims.uv.method);
  const enough = possible || (uv === "none" && claims.uv.method === "none");
  return enough ? undefined : refuse("verification-required");
}

/** APV-RES-3. */
export function sequenceDefect({ claims }: Signed<AnswerClaims>, activation: ActivationRow): Refusal | undefined {
  const follows = claims.prev === previousOf(activation) && claims.seq > activation.counter;
  return follows ? undefined : refuse("clone-suspected");
}

/** Two devices seem to answer for one container: nothing changes, and it is written down. */
function suspicion({ claims }: Signed<AnswerClaims>, activation: ActivationRow): Writes {
  const more = { seq: claims.seq, expected: activation.counter };
  return { events: [activationEvent("container.clone-suspected", activation, more)] };
}

/** The refusal, with what it writes. */
export function refusedBy(signed: Signed<AnswerClaims>, activation: ActivationRow, defect: Refusal): Outcome<Refusal> {
  const writes = defect.refused === "clone-suspected" ? suspicion(signed, activation) : {};
  return { result: defect, writes };
}

/** The container after an accepted message. A right password forgives wrong ones. */
export function moved(
  { claims, digest }: Signed<AnswerClaims>,
  activation: ActivationRow,
  now: number,
): NonNullable<Writes["activation"]> {
  const set: ActivationUpdate = {
    ...kept(activation, now),
    counter: claims.seq,
    ctr_data: toBase64(fromBase64Url(digest) as Uint8Array),
    failed_attempts: claims.uv.method === "none" ? activation.failed_attempts : 0,
  };
  return { from: activation, set };
}

/** A proven device with a wrong password: one try of the container, and of the operation if there is one (APV-RES-5). */
export function countedFailure(
  deps: Pick<Deps, "random" | "store">,
  { key }: Signed<AnswerClaims>,
  rows: HotRows,
  now: number,
): Outcome<Refusal> {
  const activation = activeContainer(rows);
  if (isRefusal(activation)) return { result: activation };
  const { operation } = rows;
  const failed = activation.failed_attempts + 1;
  const blocked = failed >= activation.max_failed_attempts;
  const set: ActivationUpdate = {
    ...kept(activation, now),
    failed_attempts: failed,
    ...(blocked && { status: "BLOCKED", blocked_reason: "MAX_FAILED_ATTEMPTS", changed_at: now }),
  };
  const after: ActivationRow = { ...activation, ...set };
  const cost = failOnce(operation, { action: "approve", actor: actorOf(activation, "possession") }, now);
  const events = [
    activationEvent("signature.failed", after, { kid: key.kid, use: key.use, operationId: operation?.id }),
    ...(cost.writes.events ?? []),
    ...(blocked ? [activationEvent("activation.blocked", after, { reason: "MAX_FAILED_ATTEMPTS" })] : []),
  ];
  return {
    result: refuse(blocked ? "container-blocked" : "signature-wrong"),
    writes: {
      ...cost.writes,
      events,
      activation: { from: activation, set },
      ...(blocked && { history: historyRow(deps, after, now, { reason: "MAX_FAILED_ATTEMPTS" }) }),
    },
  };
}

export function actorOf(activation: ActivationRow, factors: string): DeviceActor {
  return {
    kind: "device",
    activationId: activation.id,
    userId: activation.user_id,
    applicationId: activation.application_id,
    flags: JSON.parse(activation.flags) as string[],
    factors,
  };
}

/** What is kept of the answer beside the operation. The context stays as it came (APV-RES-8). */
export function answerData({ call, claims }: Signed<AnswerClaims>, activation: ActivationRow): Record<string, unknown> {
  return {
    activationId: activation.id,
    applicationId: activation.application_id,
    ipAddress: call.ipAddress,
    userAgent: call.userAgent,
    authFactor: factorsOfMethod[claims.uv.method],
    answer: claims.status,
    ...(claims.ctx !== undefined && { mobileContext: claims.ctx }),
    ...(claims.threats !== undefined && { threats: claims.threats }),
  };
}

/** `transaction`: what the server had stated, where it had. */
export function evidenceOf({ call, claims, key, digest }: Signed<AnswerClaims>, transaction?: string): Evidence {
  const { activation } = call.container;
  return {
    kind: "approve-jws",
    factors: factorsOf(factorsOfMethod[claims.uv.method]),
    applicationId: activation.application_id,
    activationId: activation.id,
    protocolVersion: "approve/1",
    counter: claims.seq,
    signedSha256: digest,
    signature: call.text,
    deviceKey: key.jwk,
    ...(transaction !== undefined && { transaction }),
  };
}

export function digestOf({ crypto }: Pick<Deps, "crypto">, text: string): string {
  return toBase64Url(crypto.sha256(utf8(text)));
}

function previousOf(activation: ActivationRow): string {
  if (activation.ctr_data === null) return noAnswer;
  return toBase64Url(fromBase64(activation.ctr_data) ?? new Uint8Array(32));
}

function kept(activation: ActivationRow, now: number): ActivationUpdate {
  const { counter, ctr_data, failed_attempts, status, blocked_reason, version_floor, name, changed_at } = activation;
  return {
    counter,
    ctr_data,
    failed_attempts,
    status,
    blocked_reason,
    version_floor,
    name,
    changed_at,
    last_used_at: now,
  };
}
