/** A container's own life: state, renewal, device and push address, end (Approve protocol §11). */
import { Type } from "typebox";
import { changeContainer, containerState } from "../../approve/containers/change.ts";
import { removeOwnContainer } from "../../approve/containers/remove.ts";
import { acknowledgeRenewal, beginRenewal } from "../../approve/containers/renew.ts";
import type { Deps } from "../../deps.ts";
import { orRefuse, RefusedError } from "../../errors.ts";
import { text } from "../members.ts";
import { type Api, callerOf } from "../surfaces.ts";
import { closed } from "../v1/members.ts";
import { provenAck, provenCall, provenContainer } from "./call.ts";

const device = closed({
  platform: text(32),
  osVersion: text(64),
  hardwareKeys: Type.Boolean(),
  name: Type.Optional(text(64)),
  model: Type.Optional(text(64)),
  rooted: Type.Optional(Type.Boolean()),
  sdkVersion: Type.Optional(text(32)),
});
const push = closed({
  platform: Type.Enum(["apns", "fcm", "hms", "web"]),
  environment: Type.Optional(Type.Enum(["development", "production"])),
  token: text(4096),
});
const changed = closed({
  device: Type.Optional(device),
  push: Type.Optional(Type.Union([push, Type.Null()])),
  name: Type.Optional(text(64)),
});

export function containerRoutes(app: Api, deps: Deps): void {
  const path = "/approve/v1/container";

  app.get(path, async (request) => orRefuse(await containerState(deps, await provenContainer(deps, request))));

  app.patch(path, { schema: { body: changed } }, async (request, reply) => {
    const proven = await provenCall(deps, request);
    const { language } = callerOf(request);
    const refused = await changeContainer(deps, { proven, change: request.body, language });
    if (refused !== undefined) throw new RefusedError(refused);
    return reply.code(204).send(null);
  });

  app.delete(path, { schema: { body: closed({ reason: text(255) }) } }, async (request, reply) => {
    const proven = await provenCall(deps, request);
    const refused = await removeOwnContainer(deps, { proven, reason: request.body.reason });
    if (refused !== undefined) throw new RefusedError(refused);
    return reply.code(204).send(null);
  });

  // A JWS of its own: read as bytes, because its digest is the transcript.
  app.post(`${path}/renewal`, { schema: { body: Type.Unknown() } }, async (request) => {
    const proven = await provenCall(deps, request);
    return { record: orRefuse(await beginRenewal(deps, { proven, bytes: request.rawBody })) };
  });

  app.post(`${path}/renewal/ack`, { schema: { body: closed({ ack: text(65_536) }) } }, async (request) => {
    const proven = await provenAck(deps, request);
    const { renewBefore } = orRefuse(await acknowledgeRenewal(deps, { proven, text: request.body.ack }));
    return renewBefore === null ? {} : { renewBefore: Math.floor(renewBefore / 1000) };
  });
}
