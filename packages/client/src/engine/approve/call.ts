/** Calls of a container, each with its proof of possession (Approve protocol §6). */
import { utf8 } from "@countersign/protocol/bytes";
import type { Signer } from "@countersign/protocol/approve/jws";
import type { PublicJwk } from "@countersign/protocol/approve/keys";
import { bodyHash, signProof } from "@countersign/protocol/approve/proof";
import { dated, serverSeconds } from "./clock.ts";
import type { ApproveDevice } from "./device.ts";
import { ApproveError } from "./errors.ts";
import { ask, type Call, send } from "./exchange.ts";
import { type ContainerState, keyOf, unique } from "./state.ts";

/** Who calls: a container's id, and the key that proves it. */
export interface Caller {
  readonly id: string;
  readonly cid: string;
  readonly iss: string;
  readonly popJwk: PublicJwk;
  readonly pop: Signer;
}

export async function callerOf(device: ApproveDevice, container: ContainerState): Promise<Caller> {
  const { id, cid, iss, popJwk } = container;
  const pop = await device.vaultOf(id).signer(keyOf(container, "pop").kid, {});
  return { id, cid, iss, popJwk, pop };
}

type ProvenCall = Pick<Call, "method" | "path"> & {
  readonly body?: string | undefined;
  /** Whether it changes nothing, and may be repeated when the server is out of reach. */
  readonly repeatable?: boolean;
};

/** Throws as `send`. A refused nonce is answered once, with a new proof (APV-POP-4), and so is a clock that was wrong. */
export async function callAs(device: ApproveDevice, caller: Caller, call: ProvenCall) {
  const { method, path, body, repeatable = false } = call;
  const { iss, id } = caller;
  const exchange = repeatable ? ask : send;
  const headers = async () => ({ DPoP: await proof(device, caller, method, iss + path, body ?? "") });
  const run = () => exchange(device, device.connectionOf(id), { iss, method, path, body, headers });
  const withNonce = async () => {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof ApproveError) || error.code !== "use_dpop_nonce") throw error;
      return run();
    }
  };
  return dated(device, iss, withNonce);
}

/** A nonce of the server that is good for some minutes yet, from what it said last, or asked for. */
export async function freshNonce(device: ApproveDevice, { iss, id }: Pick<Caller, "iss" | "id">): Promise<string> {
  const known = device.nonces.get(iss);
  const age = device.now() - (known?.at ?? 0);
  if (known !== undefined && age >= 0 && age < freshMs) return known.nonce;
  device.nonces.delete(iss);
  await ask(device, device.connectionOf(id), { iss, method: "GET", path: "/approve/v1/metadata" });
  const nonce = device.nonces.get(iss)?.nonce;
  if (nonce === undefined) throw new ApproveError("message-wrong", "The server gives no nonce");
  return nonce;
}

/** Less than the five minutes for which a nonce is good. */
const freshMs = 180_000;

/** The value of `DPoP` for one call (APV-POP-1). */
export function proof(
  device: ApproveDevice,
  { cid, iss, popJwk, pop }: Caller,
  htm: string,
  htu: string,
  body: string,
) {
  const nonce = device.nonces.get(iss)?.nonce;
  const claims = {
    jti: unique(device),
    htm,
    htu,
    iat: serverSeconds(device, iss),
    ...(nonce !== undefined && { nonce }),
    cid,
    bsh: bodyHash(device.sha256, utf8(body)),
  };
  return signProof(claims, popJwk, pop);
}
