/** `/pa/v3/keystore/*` and `/pa/v3/vault/*`: temporary encryption keys, and the key of the vault. */
import { encryptorIds } from "@countersign/protocol/powerauth/ecies";
import { unlockVault, vaultFactors, vaultPlaintext } from "../../activations/vault.ts";
import type { Deps } from "../../deps.ts";
import { createTemporaryKey } from "../../encryption/temporary-key.ts";
import { isRefusal, orRefuse, RefusedError, refuse } from "../../errors.ts";
import { acceptedOrRefused, countUnproven, signatureHeaderOf, signedRequestOf } from "../device-request.ts";
import { openedOrRefused, requestObjectOf } from "../encrypted-request.ts";
import { type Api, okEnvelope } from "../surfaces.ts";

export function powerAuthKeyRoutes(app: Api, deps: Deps): void {
  app.post("/pa/v3/keystore/create", async (request) => {
    const { jwt } = requestObjectOf(request) ?? {};
    const created =
      typeof jwt === "string"
        ? await createTemporaryKey(deps, jwt, async (scope) => {
            // Whoever has the app can ask for these: the row it costs is paid for by the address.
            if (scope === "application") await countUnproven(deps, request);
          })
        : refuse("temporary-key-missing");
    if (isRefusal(created)) {
      await countUnproven(deps, request);
      throw new RefusedError(created);
    }
    return okEnvelope({ jwt: created.jwt });
  });

  app.post("/pa/v3/vault/unlock", async (request) => {
    const header = signatureHeaderOf(request);
    const allowed = vaultFactors(deps.config);
    if (!allowed.includes(header.signatureType)) throw new RefusedError(refuse("vault-factor"));
    // Encrypted before it was signed: the signature covers the encrypted body.
    const signed = signedRequestOf(request, header, "/pa/vault/unlock", allowed);
    const opened = await openedOrRefused(deps, request, encryptorIds.vaultUnlock, "invalid-request");
    const authentication = orRefuse(await unlockVault(deps, "public", signed, opened.plaintext));
    const { result } = await acceptedOrRefused(deps, request, authentication);
    const unlocked = orRefuse(result);
    return opened.seal(vaultPlaintext(unlocked), unlocked.now);
  });
}
