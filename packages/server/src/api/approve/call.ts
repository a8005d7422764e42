/** What the device API shares: who calls, and the nonce for the next call. */
import type { FastifyRequest } from "fastify";
import { checkProof, prove, type Proven, type ProvenCall } from "../../approve/prove.ts";
import type { Container } from "../../approve/container.ts";
import { serverNonce } from "../../approve/nonce.ts";
import type { Deps } from "../../deps.ts";
import { isRefusal, RefusedError, type Refusal } from "../../errors.ts";
import { countUnproven } from "../device-request.ts";
import type { Api } from "../surfaces.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Epoch ms when the proof of this call was found right. */
    provenAt: number | undefined;
  }
}

/**
 * Every answer brings a nonce (RFC 9449 §8.2), so that a device seldom needs two requests; a 401 says how to prove oneself
 * (RFC 9449 §7.1 and §9).
 */
export function offerNonces(app: Api, deps: Pick<Deps, "secrets" | "store">): void {
  app.decorateRequest("provenAt");
  app.addHook("onSend", async (request, reply, payload) => {
    void reply.header("dpop-nonce", serverNonce(deps, request.provenAt ?? (await deps.store.now())));
    if (reply.statusCode !== 401) return;
    const asksForNonce = typeof payload === "string" && payload.includes('"use_dpop_nonce"');
    void reply.header("www-authenticate", `DPoP ${asksForNonce ? 'error="use_dpop_nonce", ' : ""}algs="ES256"`);
  });
}

/** The container that calls, its proof used up: for calls that read. */
export async function provenContainer(deps: Deps, request: FastifyRequest): Promise<Container> {
  return (await orCounted(deps, request, prove(deps, callOf(request)))).container;
}

/** The container that calls, its proof to be used up by the change. */
export function provenCall(deps: Deps, request: FastifyRequest): Promise<Proven> {
  return orCounted(deps, request, checkProof(deps, callOf(request)));
}

/** The container that says its new keys are stored: by one of them, while they wait, or again afterwards. */
export function provenAck(deps: Deps, request: FastifyRequest): Promise<Proven> {
  return orCounted(deps, request, checkProof(deps, callOf(request), { waiting: true }));
}

async function orCounted(deps: Deps, request: FastifyRequest, work: Promise<Proven | Refusal>): Promise<Proven> {
  const result = await work;
  if (!isRefusal(result)) {
    request.provenAt = result.now;
    return result;
  }
  if (result.refused === "proof-invalid") await countUnproven(deps, request);
  throw new RefusedError(result);
}

function callOf(request: FastifyRequest): ProvenCall {
  const proof = request.headers.dpop;
  return {
    proof: typeof proof === "string" ? proof : undefined,
    method: request.method,
    path: request.url,
    body: request.rawBody,
  };
}
