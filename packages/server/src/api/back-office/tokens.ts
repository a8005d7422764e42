/** `/rest/v3/token/*`: tokens for front servers that received the device's request themselves. */
import { fromBase64 } from "@countersign/protocol/bytes";
import { factorCombination } from "@countersign/protocol/powerauth/signature";
import { Type } from "typebox";
import { mayUse } from "../../accounts/api-client.ts";
import { flagsOf } from "../../activations/activation.ts";
import { listRoles } from "../../applications/roles.ts";
import type { Deps } from "../../deps.ts";
import { isRefusal, refuse } from "../../errors.ts";
import { createTokenForBackOffice } from "../../tokens/create.ts";
import { removeToken } from "../../tokens/remove.ts";
import { validateToken } from "../../tokens/validate.ts";
import { id, text } from "../members.ts";
import type { Api } from "../surfaces.ts";
import { findPowerAuthFor } from "./activation-access.ts";
import { call } from "./call.ts";
import { cryptogram, cryptogramOf, versionOf } from "./encryption.ts";

const createRequest = Type.Object({
  activationId: id,
  applicationKey: text(64),
  signatureType: text(64),
  protocolVersion: text(8),
  ...cryptogram,
});

const validateRequest = Type.Object({
  tokenId: id,
  tokenDigest: text(64),
  nonce: text(64),
  timestamp: Type.Union([
    Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
    Type.String({ pattern: "^\\d{1,15}$" }),
  ]),
  protocolVersion: text(8),
});

export function tokenRoutes(app: Api, deps: Deps): void {
  call(app, "/token/create", "integrate", createRequest, async (input, client) => {
    const version = versionOf(input.protocolVersion, "protocolVersion");
    const factors = factorCombination(input.signatureType);
    if (factors === undefined) return refuse("invalid-request", "signatureType - unknown");
    const activation = await findPowerAuthFor(deps, client, input.activationId);
    if (activation === undefined) return refuse("activation-not-found");
    return createTokenForBackOffice(deps, {
      header: { applicationKey: input.applicationKey, activationId: activation.id, version },
      cryptogram: cryptogramOf(input),
      factors,
      clientId: client.id,
    });
  });

  // A wrong token is an answer like a right one.
  call(app, "/token/validate", "integrate", validateRequest, async (input, client) => {
    const version = versionOf(input.protocolVersion, "protocolVersion");
    const tokenDigest = fromBase64(input.tokenDigest);
    const nonce = fromBase64(input.nonce);
    if (tokenDigest === undefined) return refuse("invalid-request", "tokenDigest - not Base64");
    if (nonce === undefined) return refuse("invalid-request", "nonce - not Base64");
    const timestamp = String(input.timestamp);
    const validation = await validateToken(deps, { tokenId: input.tokenId, tokenDigest, nonce, timestamp, version });
    const { activation, factors } = validation;
    if (activation === undefined || !mayUse(client, activation.application_id)) return unknownToken;
    const roles = await listRoles(deps, activation.application_id);
    return {
      tokenValid: validation.valid,
      activationId: activation.id,
      activationStatus: activation.status,
      blockedReason: activation.blocked_reason,
      userId: activation.user_id,
      applicationId: activation.application_id,
      signatureType: factors?.toUpperCase() ?? null,
      applicationRoles: isRefusal(roles) ? [] : roles,
      activationFlags: flagsOf(activation),
    };
  });

  call(app, "/token/remove", "integrate", Type.Object({ tokenId: id, activationId: id }), async (input, client) => {
    const activation = await findPowerAuthFor(deps, client, input.activationId);
    if (activation === undefined) return { removed: false };
    return removeToken(deps, { tokenId: input.tokenId, activationId: activation.id, clientId: client.id });
  });
}

const unknownToken = {
  tokenValid: false,
  activationId: null,
  activationStatus: null,
  blockedReason: null,
  userId: null,
  applicationId: null,
  signatureType: null,
  applicationRoles: [],
  activationFlags: [],
};
