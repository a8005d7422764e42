/** `/v1/offers`: invites a user's device to enrol, by QR code, push message or typed code. */
import { type Static, Type } from "typebox";
import { mayUse } from "../../../accounts/api-client.ts";
import { findDeviceType, listDeviceTypes } from "../../../approve/device-types/device-types.ts";
import { createOffer, findOffer, listOffers, offerState, transcriptCodeOf } from "../../../approve/enrolment/offer.ts";
import { pushOffer } from "../../../approve/enrolment/push-offer.ts";
import type { Deps } from "../../../deps.ts";
import { orRefuse, RefusedError, refuse } from "../../../errors.ts";
import type { EnrolOfferTable } from "../../../store/schema.ts";
import { name, text } from "../../members.ts";
import type { Api } from "../../surfaces.ts";
import { closed, given, itemsSchema, utc, utcSchema } from "../members.ts";

const body = closed({
  userId: name,
  deviceType: text(64),
  invite: Type.Optional(Type.Boolean({ description: "With a code to be typed; `inviteCode` is shown once" })),
  push: Type.Optional(Type.Boolean({ description: "Send it to the Approve devices that the user has already" })),
  seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 600, description: "Until it is over; 600 by default" })),
});
const created = closed({
  pushed: Type.Optional(Type.Integer({ description: "Devices of the user that the offer was sent to" })),
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
  transcriptCode: Type.Optional(
    Type.String({ description: "What the device shows after its enrolment; compare them" }),
  ),
  createdAt: utcSchema,
  expiresAt: utcSchema,
});

export function offerRoutes(app: Api, deps: Deps): void {
  const config = { permission: "integrate" } as const;

  app.post("/v1/offers", { config, schema: { body, response: { 201: created } } }, async (request, reply) => {
    const { invite = false, push = false, ...asked } = request.body;
    const { apiClient } = request;
    const type = orRefuse(await findDeviceType(deps, asked.deviceType));
    if (!mayUse(apiClient, type.applicationId)) throw new RefusedError(refuse("device-type-not-found"));
    const { expiresAt, ...offered } = orRefuse(await createOffer(deps, { ...asked, invite, clientId: apiClient.id }));
    const { applicationId } = type;
    const to = { applicationId, userId: asked.userId, offer: offered.offer, expiresAt };
    const pushed = push ? await pushOffer(deps, to) : undefined;
    return reply.code(201).send({ ...offered, ...given("pushed", pushed), expiresAt: utc(expiresAt) });
  });

  const shown = (row: EnrolOfferTable, now: number): Static<typeof read> => ({
    id: row.id,
    state: offerState(row, now),
    userId: row.user_id,
    deviceType: row.device_type,
    ...given("containerId", row.activation_id),
    createdAt: utc(row.created_at),
    expiresAt: utc(row.expires_at),
  });
  const readers = { permission: ["integrate", "operate"] } as const;

  const list = { querystring: closed({ userId: name }), response: { 200: itemsSchema(read) } };
  app.get("/v1/offers", { config: readers, schema: list }, async ({ query, apiClient }) => {
    const rows = await listOffers(deps, query.userId);
    const types = await listDeviceTypes(deps);
    const usable = types.filter(({ applicationId }) => mayUse(apiClient, applicationId)).map(({ id }) => id);
    const now = await deps.store.now();
    return { items: rows.filter((row) => usable.includes(row.device_type)).map((row) => shown(row, now)) };
  });

  const one = { params: closed({ id: text(64) }), response: { 200: read } };
  app.get("/v1/offers/:id", { config: readers, schema: one }, async (request) => {
    const row = orRefuse(await findOffer(deps, request.params.id));
    const type = orRefuse(await findDeviceType(deps, row.device_type));
    if (!mayUse(request.apiClient, type.applicationId)) throw new RefusedError(refuse("offer-unknown"));
    return { ...shown(row, await deps.store.now()), ...given("transcriptCode", await transcriptCodeOf(deps, row)) };
  });
}
