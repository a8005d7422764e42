/** `/v1/offers`: invites a user's device to enrol, by QR code, push message or typed code. */
import { Type } from "typebox";
import { mayUse } from "../../../accounts/api-client.ts";
import { findDeviceType } from "../../../approve/device-types/device-types.ts";
import { createOffer, findOffer, offerState } from "../../../approve/enrolment/offer.ts";
import type { Deps } from "../../../deps.ts";
import { orRefuse, RefusedError, refuse } from "../../../errors.ts";
import { name, text } from "../../members.ts";
import type { Api } from "../../surfaces.ts";
import { closed, given, utc, utcSchema } from "../members.ts";

const body = closed({
  userId: name,
  deviceType: text(64),
  invite: Type.Optional(Type.Boolean({ description: "With a code to be typed; `inviteCode` is shown once" })),
  seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 600, description: "Until it is over; 600 by default" })),
});
const created = closed({
  id: Type.String(),
  offer: Type.String({ description: "What QR code, link or push message carry" }),
  inviteCode: Type.Optional(Type.String()),
  expiresAt: utcSchema,
});
const read = closed({
  id: Type.String(),
  state: Type.Enum(["open", "used", "expired"]),
  userId: Type.String(),
  deviceType: Type.String(),
  containerId: Type.Optional(Type.String()),
  createdAt: utcSchema,
  expiresAt: utcSchema,
});

export function offerRoutes(app: Api, deps: Deps): void {
  const config = { permission: "integrate" } as const;

  app.post("/v1/offers", { config, schema: { body, response: { 201: created } } }, async (request, reply) => {
    const { invite = false, ...asked } = request.body;
    const { apiClient } = request;
    const type = orRefuse(await findDeviceType(deps, asked.deviceType));
    if (!mayUse(apiClient, type.applicationId)) throw new RefusedError(refuse("device-type-not-found"));
    const { expiresAt, ...offered } = orRefuse(await createOffer(deps, { ...asked, invite, clientId: apiClient.id }));
    return reply.code(201).send({ ...offered, expiresAt: utc(expiresAt) });
  });

  const one = { params: closed({ id: text(64) }), response: { 200: read } };
  app.get("/v1/offers/:id", { config: { permission: ["integrate", "operate"] }, schema: one }, async (request) => {
    const row = orRefuse(await findOffer(deps, request.params.id));
    const type = orRefuse(await findDeviceType(deps, row.device_type));
    if (!mayUse(request.apiClient, type.applicationId)) throw new RefusedError(refuse("offer-unknown"));
    return {
      id: row.id,
      state: offerState(row, await deps.store.now()),
      userId: row.user_id,
      deviceType: row.device_type,
      ...given("containerId", row.activation_id),
      createdAt: utc(row.created_at),
      expiresAt: utc(row.expires_at),
    };
  });
}
