/**
 * A container's answers, one after another (APV-RES-3). An answer is stored before it is sent, without its signature. While
 * its outcome is not known, the same answer asked for again is the same claims, signed again, and any other one first asks
 * the server which it has accepted: only that is the one before.
 */
import { finishCompact, type Signer } from "@countersign/protocol/approve/jws";
import { answerDigest, type ResponseClaims } from "@countersign/protocol/approve/response";
import type { LockRecord, VerificationMethod } from "@countersign/protocol/approve/policy";
import { type Caller, callAs } from "./call.ts";
import { activeCaller } from "./renew.ts";
import { dated, serverSeconds } from "./clock.ts";
import type { ApproveDevice } from "./device.ts";
import { ApproveError, isUnknownOutcome } from "./errors.ts";
import type { Credential } from "./key-vault.ts";
import { changeContainer, type ContainerState, digestOf, requireContainer, type SentAnswer, unique } from "./state.ts";

/** The claims that every answer of a container has. */
export type OwnClaims = Pick<
  ResponseClaims,
  "iss" | "aud" | "status" | "iat" | "jti" | "seq" | "prev" | "uv" | "amr" | "ctx"
>;

export interface Prepared {
  /** What is signed, and its end in seconds. */
  readonly input: string;
  readonly exp: number;
}

export interface Draft {
  readonly path: string;
  /** Member of the body that carries the answer. */
  readonly member: "response" | "request";
  readonly kid: string;
  /** Digest of what the person said: only the same is sent again. */
  readonly meaning: string;
  readonly status: string;
  readonly context?: string | undefined;
  prepare(own: OwnClaims, caller: Caller): Promise<Prepared>;
}

/** What the server says of an answer that it has accepted. */
export type Accepted = Readonly<Record<string, unknown>>;

/** Throws what the server refuses with, what the vault throws, and `clone-suspected`. */
export function answer(device: ApproveDevice, id: string, credential: Credential, draft: Draft): Promise<Accepted> {
  return device.storage.withLock(`approve/answering/${id}`, async () => {
    const { caller } = await activeCaller(device, id);
    const signer = await device.vaultOf(id).signer(draft.kid, credential);
    const meaning = digestOf(device, JSON.stringify([draft.meaning, draft.kid, signer.method]));
    return dated(device, caller.iss, async () => {
      const container = await requireContainer(device, id);
      const waiting = container.sent.find(
        (one) => one.meaning === meaning && one.input !== undefined && serverSeconds(device, caller.iss) < one.exp,
      );
      if (waiting !== undefined) {
        try {
          return await deliver(device, caller, signer, draft, waiting);
        } catch (error) {
          // The server never took it, for example because of its date, and never will.
          if (!(error instanceof ApproveError) || error.code !== "invalid-request") throw error;
        }
      }
      const before = await settled(device, caller, await requireContainer(device, id));
      const seq = Math.max(before.seq, ...before.sent.map((one) => one.seq)) + 1;
      const prepared = await draft.prepare(ownClaims(device, before, draft, signer.method, seq), caller);
      return deliver(device, caller, signer, draft, await stored(device, id, { ...prepared, meaning, seq }));
    });
  });
}

/** Signs and sends what is stored, and stores what became of it. */
async function deliver(
  device: ApproveDevice,
  caller: Caller,
  signer: Signer,
  { path, member, kid }: Draft,
  { input = "", digest, seq }: SentAnswer,
): Promise<Accepted> {
  const body = JSON.stringify({ [member]: await finishCompact(input, signer) });
  try {
    const accepted = await callAs(device, caller, { method: "POST", path, body });
    await device.vaultOf(caller.id).accepted(kid);
    await changeContainer(device, caller.id, (container) => ({ ...container, seq, prev: digest, sent: [] }));
    return accepted;
  } catch (error) {
    // A refusal may have used up the answer's place: the digest stays, what it said is of no more use.
    if (error instanceof ApproveError && !isUnknownOutcome(error) && !saysNothing.has(error.code)) {
      await changeContainer(device, caller.id, (container) => ({
        ...container,
        sent: container.sent.map((one) => (one.digest === digest ? withoutInput(one) : one)),
      }));
    }
    throw error;
  }
}

/** Refusals of a proof or of a password: of the same answer, sent before, they tell nothing. */
const saysNothing: ReadonlySet<string> = new Set([
  "proof-invalid",
  "use_dpop_nonce",
  "signature-wrong",
  "container-blocked",
  "throttled",
]);

/** The container after it is known which of the answers on their way was accepted last. */
async function settled(device: ApproveDevice, caller: Caller, container: ContainerState): Promise<ContainerState> {
  if (container.sent.length === 0) return container;
  const answered = await callAs(device, caller, { method: "GET", path: "/approve/v1/container", repeatable: true });
  const { prev } = answered;
  if (prev === container.prev) return container;
  const accepted = container.sent.find(({ digest }) => digest === prev);
  if (accepted === undefined) {
    throw new ApproveError("clone-suspected", "The server has accepted an answer that this device did not make");
  }
  const { seq, digest } = accepted;
  return changeContainer(device, caller.id, (one) => ({
    ...one,
    seq: Math.max(one.seq, seq),
    prev: digest,
    sent: one.sent.filter((other) => other.seq > seq),
  }));
}

async function stored(
  device: ApproveDevice,
  id: string,
  made: Prepared & Pick<SentAnswer, "meaning" | "seq">,
): Promise<SentAnswer> {
  const sent: SentAnswer = { ...made, digest: answerDigest(device.sha256, `${made.input}.`) };
  await changeContainer(device, id, (container) => ({
    ...container,
    sent: [...container.sent, sent].slice(-mostSent),
  }));
  return sent;
}

/** Digests kept of answers whose outcome is open. */
const mostSent = 16;

function ownClaims(
  device: ApproveDevice,
  container: ContainerState,
  { kid, status, context }: Draft,
  method: VerificationMethod,
  seq: number,
): OwnClaims {
  return {
    iss: container.cid,
    aud: container.iss,
    status,
    iat: serverSeconds(device, container.iss),
    jti: unique(device),
    seq,
    prev: container.prev,
    uv: { method, lock: lockOf(container, kid) },
    amr: [device.info.hardwareKeys ? "hwk" : "swk", ...amrOf[method]],
    ...(context !== undefined && { ctx: context }),
  };
}

/** RFC 8176. */
const amrOf: Readonly<Record<VerificationMethod, readonly string[]>> = {
  none: [],
  password: ["pwd"],
  biometry: ["user"],
};

function lockOf({ keys, policies }: ContainerState, kid: string): LockRecord["type"] {
  const policy = keys.find((key) => key.kid === kid)?.policy ?? "";
  return policies[policy]?.lock.type ?? "none";
}

function withoutInput({ input: _, ...sent }: SentAnswer): SentAnswer {
  return sent;
}
