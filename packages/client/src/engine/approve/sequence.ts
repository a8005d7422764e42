/**
 * A container's answers, one after another (APV-RES-3). An answer is stored before it is sent. While its outcome is not
 * known, the same answer asked for again is the very same bytes, and any other one first asks the server which it has
 * accepted: only that is the one before.
 */
import type { Signer } from "@countersign/protocol/approve/jws";
import type { ResponseClaims } from "@countersign/protocol/approve/response";
import type { LockRecord, VerificationMethod } from "@countersign/protocol/approve/policy";
import { type Caller, callAs } from "./call.ts";
import { activeCaller } from "./renew.ts";
import { type ApproveDevice, nowSeconds } from "./device.ts";
import { ApproveError, isUnknownOutcome } from "./errors.ts";
import type { Credential } from "./key-vault.ts";
import { changeContainer, type ContainerState, digestOf, type SentAnswer, unique } from "./state.ts";

/** The claims that every answer of a container has. */
export type OwnClaims = Pick<
  ResponseClaims,
  "iss" | "aud" | "status" | "iat" | "jti" | "seq" | "prev" | "uv" | "amr" | "ctx"
>;

export interface Signed {
  /** Compact JWS, the body that carries it, and its end in seconds. */
  readonly text: string;
  readonly body: string;
  readonly exp: number;
}

export interface Draft {
  readonly path: string;
  readonly kid: string;
  /** Digest of what the person said: only the same is sent again. */
  readonly meaning: string;
  readonly status: string;
  readonly context?: string | undefined;
  sign(own: OwnClaims, signer: Signer, caller: Caller): Promise<Signed>;
}

/** What the server says of an answer that it has accepted. */
export type Accepted = Readonly<Record<string, unknown>>;

/** Throws what the server refuses with, what the vault throws, and `clone-suspected`. */
export function answer(device: ApproveDevice, id: string, credential: Credential, draft: Draft): Promise<Accepted> {
  return device.storage.withLock(`approve/answering/${id}`, async () => {
    const { container, caller } = await activeCaller(device, id);
    const waiting = container.sent.find(
      (one) => one.meaning === draft.meaning && one.body !== undefined && nowSeconds(device) < one.exp,
    );
    if (waiting !== undefined) return deliver(device, caller, waiting);
    const before = await settled(device, caller, container);
    const signer = await device.vaultOf(id).signer(draft.kid, credential);
    const seq = Math.max(before.seq, ...before.sent.map((one) => one.seq)) + 1;
    const own = ownClaims(device, before, draft, signer.method, seq);
    const signed = await draft.sign(own, signer, caller);
    return deliver(device, caller, await stored(device, id, draft, signed, seq));
  });
}

/** Sends what is stored, and stores what became of it. */
async function deliver(device: ApproveDevice, caller: Caller, sent: SentAnswer): Promise<Accepted> {
  const { path, body = "", digest, seq, kid } = sent;
  try {
    const accepted = await callAs(device, caller, { method: "POST", path, body });
    await device.vaultOf(caller.id).accepted(kid);
    await changeContainer(device, caller.id, (container) => ({ ...container, seq, prev: digest, sent: [] }));
    return accepted;
  } catch (error) {
    // A refusal may have used up the answer's place: the digest stays, the bytes are of no more use.
    if (error instanceof ApproveError && !isUnknownOutcome(error)) {
      await changeContainer(device, caller.id, (container) => ({
        ...container,
        sent: container.sent.map((one) => (one.digest === digest ? withoutBody(one) : one)),
      }));
    }
    throw error;
  }
}

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
  { path, kid, meaning }: Draft,
  { text, body, exp }: Signed,
  seq: number,
): Promise<SentAnswer> {
  const sent: SentAnswer = { path, kid, meaning, body, exp, seq, digest: digestOf(device, text) };
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
    iat: nowSeconds(device),
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

function withoutBody({ body: _, ...sent }: SentAnswer): SentAnswer {
  return sent;
}
