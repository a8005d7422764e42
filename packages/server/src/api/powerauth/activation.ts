/** `/pa/v3/activation/*`: the key exchange, the status, and what a device may do to its own activation. */
import { encryptorIds } from "@countersign/protocol/powerauth/ecies";
import type { FactorCombination } from "@countersign/protocol/powerauth/signature";
import type { FastifyRequest } from "fastify";
import type { Json } from "../../identity-providers/json.ts";
import { userInfo } from "../../activations/identity/user-info.ts";
import { type Vouched, vouchedActivation } from "../../activations/identity/vouched.ts";
import { prepareActivation } from "../../activations/prepare.ts";
import { removeOwnActivation } from "../../activations/remove.ts";
import { renameOwnActivation } from "../../activations/rename.ts";
import { activationStatusBlob } from "../../activations/status.ts";
import type { UserInfoStage } from "../../applications/configuration-keys.ts";
import type { Deps } from "../../deps.ts";
import { jsonObject } from "../../encryption/envelope.ts";
import { isRefusal, orRefuse, type Refusal, RefusedError, refuse } from "../../errors.ts";
import { validateToken } from "../../tokens/validate.ts";
import {
  acceptedOrRefused,
  countUnproven,
  signatureHeaderOf,
  signedRequestOf,
  tokenHeaderOf,
} from "../device-request.ts";
import { encryptionHeaderOf, openedOrRefused, requestObjectOf, sealedJson } from "../encrypted-request.ts";
import { plainObject } from "../members.ts";
import { type Api, okEnvelope } from "../surfaces.ts";

const twoFactors: readonly FactorCombination[] = ["possession_knowledge", "possession_biometry"];

export function powerAuthActivationRoutes(app: Api, deps: Deps): void {
  app.post("/pa/v3/activation/create", (request) => create(deps, request));

  app.post("/pa/v3/activation/status", async (request) => {
    const { activationId, challenge } = requestObjectOf(request) ?? {};
    if (
      typeof activationId !== "string" ||
      (typeof challenge !== "string" && challenge !== undefined && challenge !== null)
    ) {
      throw new RefusedError(refuse("activation-not-found"));
    }
    const blob = await activationStatusBlob(deps, { activationId, challenge: challenge ?? undefined });
    if (isRefusal(blob)) throw new RefusedError(refuse("activation-not-found"));
    return okEnvelope({ activationId, ...blob });
  });

  app.post("/pa/v3/activation/detail", async (request) => {
    const opened = await openedOrRefused(deps, request, encryptorIds.activationGeneric);
    const validation = await validateToken(deps, tokenHeaderOf(request), {
      claims: opened.claims,
      applicationKey: opened.application.applicationKey,
    });
    const own = validation.valid && validation.activation.id === opened.activation?.id;
    if (!validation.valid || !own || !twoFactors.includes(validation.factors)) {
      if (!validation.valid && !validation.proven) await countUnproven(deps, request);
      throw new RefusedError(refuse("token-wrong"));
    }
    const { id: activationId, name: activationName } = validation.activation;
    return sealedJson(opened, okEnvelope({ activationId, activationName }), validation.now);
  });

  app.post("/pa/v3/activation/rename", async (request) => {
    const header = signatureHeaderOf(request);
    const opened = await openedOrRefused(deps, request, encryptorIds.activationGeneric);
    // Signed before it was encrypted: the signature covers the plaintext.
    const signed = signedRequestOf(request, header, "/pa/activation/rename", twoFactors, opened.plaintext);
    const name = jsonObject(opened.plaintext)?.activationName;
    const { result } = await acceptedOrRefused(deps, request, await renameOwnActivation(deps, signed, name));
    const { now, ...renamed } = orRefuse(result);
    return sealedJson(opened, okEnvelope(renamed), now);
  });
}

/** The body is signed, and otherwise of no meaning: for a scope that keeps bodies of any type. */
export function powerAuthRemovalRoute(app: Api, deps: Deps): void {
  const allowed: readonly FactorCombination[] = [...twoFactors, "possession_knowledge_biometry"];
  app.post("/pa/v3/activation/remove", async (request) => {
    const signed = signedRequestOf(request, signatureHeaderOf(request), "/pa/activation/remove", allowed);
    const { result } = await acceptedOrRefused(deps, request, await removeOwnActivation(deps, signed));
    return okEnvelope(result);
  });
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

interface Created {
  readonly prepared: Vouched | Refusal;
  readonly stage: UserInfoStage;
}

/** Once the outer layer opened, every refusal is one: a device with a wrong code or password learns no more. */
async function create(deps: Deps, request: FastifyRequest) {
  const outer = await openedOrRefused(deps, request, encryptorIds.applicationGeneric);
  const { type, identityAttributes, customAttributes, activationData } = jsonObject(outer.plaintext) ?? {};
  // Echoed as it came, where nothing is configured that would read it.
  const custom = plainObject(isObject(customAttributes) ? customAttributes : {}, "customAttributes") as Json;
  const attributes = plainObject(isObject(identityAttributes) ? identityAttributes : {}, "identityAttributes") as Json;
  const header = encryptionHeaderOf(request, "application");
  const { prepared, stage } = await created();
  if (isRefusal(prepared)) {
    await countUnproven(deps, request);
    throw new RefusedError(refuse("activation-not-created"));
  }
  const { activation, cryptogram, customAttributes: instead, now } = prepared;
  // The activation is committed already: it does not fail for want of its user's name.
  const info = await userInfo(deps, activation, stage, now);
  if (isRefusal(info)) deps.log.warn({ applicationId: activation.application_id }, "no user info");
  const answer = {
    activationData: cryptogram,
    customAttributes: instead ?? custom,
    ...(!isRefusal(info) && info.claims !== undefined && { userInfo: info.claims }),
  };
  return sealedJson(outer, answer, now);

  async function created(): Promise<Created> {
    if (type === "DIRECT" || type === "CUSTOM") {
      // Somebody outside will be asked: the address pays for that, whatever comes of it.
      await countUnproven(deps, request);
      const input = { type, identityAttributes: attributes, customAttributes: custom, header } as const;
      const vouched = vouchedActivation(deps, { ...input, cryptogram: activationData, claims: outer.claims });
      return { prepared: await vouched, stage: "ACTIVATION_PROCESS_CUSTOM" };
    }
    const { code } = attributes;
    const exchanged =
      type === "CODE" && typeof code === "string"
        ? await prepareActivation(deps, {
            activationCode: code,
            header,
            cryptogram: activationData,
            claims: outer.claims,
          })
        : refuse("activation-not-created");
    return { prepared: exchanged, stage: "ACTIVATION_PROCESS_ACTIVATION_CODE" };
  }
}
