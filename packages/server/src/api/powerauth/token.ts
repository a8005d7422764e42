/** `/pa/v3/token/*`: making and removing tokens, both signed. */
import { encryptorIds } from "@countersign/protocol/powerauth/ecies";
import { isUuid } from "@countersign/protocol/powerauth/headers";
import type { FactorCombination } from "@countersign/protocol/powerauth/signature";
import type { Deps } from "../../deps.ts";
import { RefusedError, refuse } from "../../errors.ts";
import { createToken, tokenPlaintext } from "../../tokens/create.ts";
import { removeOwnToken } from "../../tokens/remove.ts";
import { acceptedOrRefused, signatureHeaderOf, signedRequestOf } from "../device-request.ts";
import { openedOrRefused, requestObjectOf } from "../encrypted-request.ts";
import { type Api, okEnvelope } from "../surfaces.ts";

export function powerAuthTokenRoutes(app: Api, deps: Deps, allowed: readonly FactorCombination[]): void {
  app.post("/pa/v3/token/create", async (request) => {
    // Encrypted before it was signed: the signature covers the encrypted body.
    const signed = signedRequestOf(request, signatureHeaderOf(request), "/pa/token/create", allowed);
    const opened = await openedOrRefused(deps, request, encryptorIds.tokenCreate, "invalid-request");
    const { result } = await acceptedOrRefused(deps, request, await createToken(deps, signed));
    return opened.seal(tokenPlaintext(result), result.now);
  });

  app.post("/pa/v3/token/remove", async (request) => {
    const signed = signedRequestOf(request, signatureHeaderOf(request), "/pa/token/remove", allowed);
    const { tokenId } = requestObjectOf(request) ?? {};
    if (typeof tokenId !== "string") throw new RefusedError(refuse("invalid-request"));
    const removal = await removeOwnToken(deps, signed, isUuid(tokenId) ? tokenId : undefined);
    await acceptedOrRefused(deps, request, removal);
    return okEnvelope({ tokenId });
  });
}
