/** `/v1/keys`: new keys in place of old ones. */
import { Type } from "typebox";
import type { Deps } from "../../deps.ts";
import { rotateMasterKey } from "../../keys/rotate.ts";
import { rotateSigningKey, signingUses } from "../../keys/signing-keys.ts";
import type { Api } from "../surfaces.ts";
import { requireUnlimited } from "./api-clients.ts";
import { closed, noQuery, utc, utcSchema } from "./members.ts";

const body = closed({ use: Type.Enum([...signingUses]) });
const rotated = closed({
  kid: Type.String({ description: "Of the new key; it is among the published ones from now on" }),
  signsFrom: utcSchema,
});
const resealed = closed({ resealed: Type.Integer({ description: "Secrets that were under a previous master key" }) });

export function keyRoutes(app: Api, deps: Pick<Deps, "store" | "secrets">): void {
  const config = { permission: "admin" } as const;

  app.post(
    "/v1/keys/rotate",
    { config, schema: { body, querystring: noQuery, response: { 200: rotated } } },
    async ({ body: { use }, apiClient }) => {
      requireUnlimited(apiClient);
      const { kid, signsFrom } = await rotateSigningKey(deps, { use, clientId: apiClient.id });
      return { kid, signsFrom: utc(signsFrom) };
    },
  );

  app.post(
    "/v1/keys/reseal",
    { config, schema: { body: Type.Optional(Type.Null()), querystring: noQuery, response: { 200: resealed } } },
    async ({ apiClient }) => {
      requireUnlimited(apiClient);
      return { resealed: await rotateMasterKey(deps.store, deps.secrets) };
    },
  );
}
