/** `/api/activation/code` and `/api/config/oidc`: what an app asks for to activate itself, or another one of its user. */
import { encryptorIds } from "@countersign/protocol/powerauth/ecies";
import type { FactorCombination } from "@countersign/protocol/powerauth/signature";
import { providerForApp } from "../../activations/identity/provider.ts";
import { spawnActivation } from "../../activations/identity/spawn.ts";
import type { Deps } from "../../deps.ts";
import { jsonObject } from "../../encryption/envelope.ts";
import { claimIn } from "../../encryption/replay.ts";
import { orRefuse, RefusedError, refuse } from "../../errors.ts";
import { acceptedOrRefused, countUnproven, signatureHeaderOf, signedRequestOf } from "../device-request.ts";
import { openedOrRefused, sealedJson } from "../encrypted-request.ts";
import { type Api, okEnvelope } from "../surfaces.ts";

const twoFactors: readonly FactorCombination[] = ["possession_knowledge", "possession_biometry"];

export function appActivationRoutes(app: Api, deps: Deps): void {
  app.post("/api/activation/code", async (request) => {
    const header = signatureHeaderOf(request);
    const opened = await openedOrRefused(deps, request, encryptorIds.activationGeneric);
    // Signed before it was encrypted: the signature covers the plaintext.
    const signed = signedRequestOf(request, header, "/api/activation/code", twoFactors, opened.plaintext);
    const body = jsonObject(opened.plaintext);
    const { applicationId, otp } = objectIn(body?.requestObject) ?? body ?? {};
    const spawned = await spawnActivation(deps, signed, { applicationId, otp });
    const { result } = await acceptedOrRefused(deps, request, spawned);
    const { activationId, activationCode, activationSignature } = orRefuse(result);
    const answer = okEnvelope({ activationId, activationCode, activationSignature });
    return sealedJson(opened, answer, await deps.store.now());
  });

  app.post("/api/config/oidc", async (request) => {
    const opened = await openedOrRefused(deps, request, encryptorIds.applicationGeneric);
    // Whoever has the app can ask: the address pays for it.
    await countUnproven(deps, request);
    const isNew = await deps.store.transaction((change) => claimIn(change, opened.claims));
    if (!isNew) throw new RefusedError(refuse("decryption-failed"));
    const { providerId } = jsonObject(opened.plaintext) ?? {};
    if (typeof providerId !== "string") throw new RefusedError(refuse("invalid-request"));
    const { applicationId } = opened.application;
    return sealedJson(opened, orRefuse(await providerForApp(deps, applicationId, providerId)), await deps.store.now());
  });
}

function objectIn(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
}
