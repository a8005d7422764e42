/** Metadata, invite codes and enrolment: what a device calls before it has a container (Approve protocol §3 and §4). */
import { Type } from "typebox";
import { enrol } from "../../approve/enrolment/enrol.ts";
import { redeemInvite } from "../../approve/enrolment/offer.ts";
import { offerKeys, serverKeyChain } from "../../approve/server-key.ts";
import type { Deps } from "../../deps.ts";
import { isRefusal, orRefuse, RefusedError } from "../../errors.ts";
import { protocolVersion } from "@countersign/protocol/approve/transaction";
import { countUnproven } from "../device-request.ts";
import { name, text } from "../members.ts";
import { type Api, callerOf } from "../surfaces.ts";
import { closed } from "../v1/members.ts";

const invite = closed({ userId: name, inviteCode: text(32) });

export function enrolmentRoutes(app: Api, deps: Deps): void {
  app.get("/approve/v1/metadata", async () => ({
    issuer: deps.publicUrl,
    versions: [protocolVersion],
    keys: await offerKeys(deps),
  }));

  const chain = { querystring: closed({ from: text(64) }) };
  app.get("/approve/v1/keys", { schema: chain }, async ({ query }) => ({
    chain: orRefuse(await serverKeyChain(deps, query.from)),
  }));

  app.post("/approve/v1/offers", { schema: { body: invite } }, async (request) => {
    const offer = await redeemInvite(deps, request.body);
    if (!isRefusal(offer)) return { offer };
    await countUnproven(deps, request);
    throw new RefusedError(offer);
  });

  // The body is a JWS of its own: it is read as bytes, because the device compares their digest.
  app.post("/approve/v1/enrol", { schema: { body: Type.Unknown() } }, async (request, reply) => {
    const record = await enrol(deps, { bytes: request.rawBody, language: callerOf(request).language });
    if (!isRefusal(record)) return reply.code(201).send({ record });
    await countUnproven(deps, request);
    throw new RefusedError(record);
  });
}
