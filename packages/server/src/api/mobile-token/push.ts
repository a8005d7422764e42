/** `/api/push/device/register`: a device says where push messages for it go. Authenticated by a token. */
import type { FactorCombination } from "@countersign/protocol/powerauth/signature";
import { Type } from "typebox";
import type { Deps } from "../../deps.ts";
import { RefusedError } from "../../errors.ts";
import { type PlatformName, platformNames } from "../../push/device.ts";
import { registerDevice } from "../../push/register.ts";
import { orNull, text } from "../members.ts";
import { type Api, callerOf, okEnvelope } from "../surfaces.ts";
import { tokenHolder } from "./token-holder.ts";

const accepted: readonly FactorCombination[] = ["possession", "possession_knowledge", "possession_biometry"];

export const registration = {
  platform: Type.Enum(Object.keys(platformNames) as PlatformName[]),
  environment: orNull(Type.Enum(["development", "production"])),
  token: text(4096),
};

const registerBody = Type.Object({ requestObject: Type.Object(registration) });

export function pushRoutes(app: Api, deps: Deps): void {
  // The second is what shipped apps call; both are authenticated alike.
  for (const path of ["/api/push/device/register", "/api/push/device/register/token"]) {
    app.post(path, { schema: { body: registerBody } }, async (request) => {
      const { viewer } = await tokenHolder(deps, request, accepted);
      const { platform, environment, token } = request.body.requestObject;
      const refusal = await registerDevice(deps, {
        activationId: viewer.id,
        platform: platformNames[platform],
        environment: environment ?? undefined,
        token,
        language: callerOf(request).language,
      });
      if (refusal !== undefined) throw new RefusedError(refusal);
      return okEnvelope();
    });
  }
}
