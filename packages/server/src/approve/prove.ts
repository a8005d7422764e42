/**
 * Who calls (Approve protocol §6): the holder of a container's `pop` key, for this method, address and body, once.
 *
 * A proof is checked first and redeemed with the change it asks for, so that a call that fails to commit can be repeated
 * with a new one and a call that commits cannot.
 */
import { toBase64Url } from "@countersign/protocol/bytes";
import { isFailure } from "@countersign/protocol/errors";
import { sameJwk } from "@countersign/protocol/approve/keys";
import { readProof, verifyProof } from "@countersign/protocol/approve/proof";
import { clockSkew } from "@countersign/protocol/approve/response";
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";
import type { Change, Claim } from "../store/store.ts";
import { type Container, type ContainerKey, findContainer, isOver } from "./container.ts";
import { isServerNonce, nonceMs } from "./nonce.ts";

export interface ProvenCall {
  /** Value of the `DPoP` header. */
  readonly proof: string | undefined;
  readonly method: string;
  /** Path with a leading slash; the public URL is ours. */
  readonly path: string;
  readonly body: Uint8Array;
}

export interface Proven {
  readonly container: Container;
  /** The `pop` key that proved it. */
  readonly key: ContainerKey;
  /** Epoch ms of the check. */
  readonly now: number;
  /** To be written with whatever the call changes: it makes the proof usable once (APV-POP-5). */
  readonly claim: Extract<Claim, { table: "replay" }>;
}

type ProveDeps = Pick<Deps, "store" | "secrets" | "crypto" | "publicUrl">;

/**
 * By the active `pop` key; `waiting` lets in a new one whose renewal is not acknowledged, too: that is for the
 * acknowledgement and nothing else (APV-REN-2). Refuses `proof-invalid`, `use_dpop_nonce`, `container-blocked`,
 * `container-removed` and `key-expired`. Writes nothing.
 */
export async function checkProof(
  deps: ProveDeps,
  call: ProvenCall,
  { waiting = false }: { readonly waiting?: boolean } = {},
): Promise<Proven | Refusal> {
  const read = call.proof === undefined ? undefined : readProof(call.proof);
  if (read === undefined || isFailure(read)) return refuse("proof-invalid");
  const { claims } = read;
  const container = await findContainer(deps, claims.cid);
  if (container === undefined) return refuse("proof-invalid");
  const key = container.keys.find(
    ({ use, state, jwk }) => use === "pop" && (waiting || state === "ACTIVE") && sameJwk(jwk, read.jwk),
  );
  if (key === undefined || !(await verifyProof(read, key.verifier))) return refuse("proof-invalid");
  const now = await deps.store.now();
  const fits =
    claims.htm === call.method &&
    claims.htu === deps.publicUrl + call.path &&
    !call.path.includes("?") &&
    claims.bsh === toBase64Url(deps.crypto.sha256(call.body)) &&
    Math.abs(claims.iat * 1000 - now) <= clockSkew * 1000;
  if (!fits) return refuse("proof-invalid");
  if (claims.nonce === undefined || !isServerNonce(deps, claims.nonce, now)) return refuse("use_dpop_nonce");
  const { status } = container.activation;
  if (status === "REMOVED") return refuse("container-removed");
  if (status !== "ACTIVE") return refuse("container-blocked");
  if (isOver(key, now)) return refuse("key-expired");
  const { tenant } = deps.store;
  const row = { tenant, subject: claims.cid, nonce: claims.jti, expires_at: now + nonceMs };
  return { container, key, now, claim: { table: "replay", row } };
}

/** Uses the proof up in an ordinary transaction. False when it was used before. */
export async function redeemProof({ db }: Change, { row }: Proven["claim"]): Promise<boolean> {
  const written = await db
    .insertInto("replay")
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .returning("nonce")
    .executeTakeFirst();
  return written !== undefined;
}

/** For calls that read: refuses `proof-invalid` when the proof was used before. */
export async function prove(deps: ProveDeps, call: ProvenCall): Promise<Proven | Refusal> {
  const proven = await checkProof(deps, call);
  if ("refused" in proven) return proven;
  return once(deps, proven.claim, proven);
}

/** For what changes nothing: the answer, where the proof is fresh. Refuses `proof-invalid` where it was used before. */
export async function once<Answer>(
  { store }: Pick<Deps, "store">,
  claim: Claim,
  answer: Answer,
): Promise<Answer | Refusal> {
  const fresh = await store.commit<boolean>({ claims: [claim], evaluate: ({ claimed }) => ({ result: claimed }) });
  return fresh ? answer : refuse("proof-invalid");
}
