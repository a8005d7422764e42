/** `/v1/otp`: one-time passwords of containers (RFC 4226, 6238, 6287). */
import { Type } from "typebox";
import { fromHex } from "@countersign/protocol/bytes";
import { type ApiClient, mayUse } from "../../../accounts/api-client.ts";
import { drawChallenge } from "../../../approve/otp/challenge.ts";
import { validateOtp } from "../../../approve/otp/validate.ts";
import type { Deps } from "../../../deps.ts";
import { orRefuse, RefusedError, refuse } from "../../../errors.ts";
import { id, name, text } from "../../members.ts";
import type { Api } from "../../surfaces.ts";
import { closed, noQuery, utc, utcSchema } from "../members.ts";

const label = text(64);
const validateBody = closed({
  containerId: Type.Optional(id),
  userId: Type.Optional(Type.String({ ...name, description: "In place of `containerId`: any of the user's" })),
  label,
  otp: text(128),
  signed: Type.Optional(
    Type.String({ ...text(128), description: "OCRA: what the device signed, where no challenge was drawn" }),
  ),
  pin: Type.Optional(Type.String({ ...text(64), description: "OCRA, where the suite asks for it" })),
  session: Type.Optional(Type.String({ pattern: "^([0-9a-fA-F]{2}){1,512}$", description: "OCRA, hexadecimal" })),
});
const challengeBody = closed({
  containerId: id,
  label,
  clientChallenge: Type.Optional(Type.String({ ...text(64), description: "Of the device, for a mutual challenge" })),
});
const challenged = closed({
  challenge: Type.String(),
  serverResponse: Type.Optional(Type.String()),
  expiresAt: utcSchema,
});

export function otpRoutes(app: Api, deps: Deps): void {
  const config = { permission: "relying-party" } as const;

  const validate = {
    body: validateBody,
    querystring: noQuery,
    response: { 200: closed({ containerId: Type.String() }) },
  };
  app.post("/v1/otp/validate", { config, schema: validate }, async ({ body, apiClient }) => {
    const { containerId, userId, session, ...attempt } = body;
    if ((containerId === undefined) === (userId === undefined)) {
      throw new RefusedError(refuse("invalid-request", "containerId or userId - exactly one"));
    }
    const containerIds = await containersFor(deps, apiClient, { containerId, userId });
    const bytes = session === undefined ? undefined : fromHex(session);
    return orRefuse(await validateOtp(deps, { ...attempt, containerIds, session: bytes, clientId: apiClient.id }));
  });

  const challenge = { body: challengeBody, querystring: noQuery, response: { 201: challenged } };
  app.post("/v1/otp/challenge", { config, schema: challenge }, async ({ body, apiClient }, reply) => {
    const [containerId] = await containersFor(deps, apiClient, body);
    if (containerId === undefined) throw new RefusedError(refuse("otp-secret-not-found"));
    const { expiresAt, ...drawn } = orRefuse(await drawChallenge(deps, { ...body, containerId }));
    return reply.code(201).send({ ...drawn, expiresAt: utc(expiresAt) });
  });
}

/** Ids of the containers meant, of applications that the client may use. */
async function containersFor(
  deps: Pick<Deps, "store">,
  client: ApiClient,
  which: { readonly containerId?: string | undefined; readonly userId?: string | undefined },
): Promise<readonly string[]> {
  const rows = await deps.store.read
    .selectFrom("activation")
    .select(["id", "application_id"])
    .where("tenant", "=", deps.store.tenant)
    .where("protocol", "=", "approve")
    .where("status", "=", "ACTIVE")
    .$if(which.containerId !== undefined, (query) => query.where("id", "=", which.containerId ?? ""))
    .$if(which.userId !== undefined, (query) => query.where("user_id", "=", which.userId ?? ""))
    .limit(100)
    .execute();
  return rows.filter((row) => mayUse(client, row.application_id)).map((row) => row.id);
}
