/** `/push/message/send`: a back end writes to the devices of a user, and waits for the gateways or not. */
import { type Static, Type } from "typebox";
import type { Deps } from "../../deps.ts";
import { orRefuse } from "../../errors.ts";
import type { PushPlatform } from "../../push/device.ts";
import type { PushContent, PushMessage } from "../../push/message.ts";
import { queueMessage, sendMessage } from "../../push/message-to-user.ts";
import { requireApplications } from "../back-office/call.ts";
import { epochMs, id, instant, jsonObject, name, orNull, plainObject, text } from "../members.ts";
import { type Api, okEnvelope } from "../surfaces.ts";

const line = orNull(text(4000, 0));
const locArgs = orNull(Type.Array(text(4000, 0), { maxItems: 100 }));

const messageBody = Type.Object({
  title: line,
  titleLocKey: line,
  titleLocArgs: locArgs,
  body: line,
  bodyLocKey: line,
  bodyLocArgs: locArgs,
  badge: orNull(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
  sound: line,
  icon: line,
  category: line,
  collapseKey: orNull(text(64)),
  validUntil: orNull(instant),
  extras: orNull(jsonObject),
});

const sendBody = Type.Object({
  requestObject: Type.Object({
    appId: name,
    mode: orNull(Type.Enum(["SYNCHRONOUS", "ASYNCHRONOUS"])),
    message: Type.Object({
      userId: name,
      activationId: orNull(id),
      priority: orNull(Type.Enum(["NORMAL", "HIGH"])),
      attributes: orNull(Type.Object({ silent: orNull(Type.Boolean()), personal: orNull(Type.Boolean()) })),
      body: messageBody,
    }),
  }),
});

export function messageRoutes(app: Api, deps: Deps): void {
  const config = { permission: "integrate" } as const;
  app.post("/push/message/send", { config, schema: { body: sendBody } }, async (request) => {
    const { appId, mode, message } = request.body.requestObject;
    requireApplications(request.apiClient, appId);
    const to = {
      applicationId: appId,
      userId: message.userId,
      activationId: message.activationId ?? undefined,
      activeOnly: message.attributes?.personal === true,
      message: messageOf(message),
    };
    if (mode === "ASYNCHRONOUS") {
      const queued = orRefuse(await queueMessage(deps, to));
      return okEnvelope({ mode, ...counts(queued.map((platform) => ({ platform, became: "pending" }))) });
    }
    const sent = orRefuse(await sendMessage(deps, to));
    const became = sent.map(({ platform, sending }) => ({
      platform,
      became: sending.kind === "sent" ? ("sent" as const) : ("failed" as const),
    }));
    return okEnvelope({ mode: "SYNCHRONOUS", ...counts(became) });
  });
}

function messageOf({ priority, attributes, body }: Static<typeof sendBody>["requestObject"]["message"]): PushMessage {
  const { collapseKey, validUntil, extras, ...content } = body;
  const given = Object.entries(content).filter(([key, value]) => key in messageBody.properties && value != null);
  return {
    content: Object.fromEntries(given) as PushContent,
    extras: plainObject(extras, "extras") ?? {},
    silent: attributes?.silent === true,
    priority: priority === "NORMAL" ? "normal" : "high",
    ...(collapseKey != null && { collapseKey }),
    ...(validUntil != null && { validUntil: epochMs(validUntil, "validUntil") }),
  };
}

interface Became {
  readonly platform: PushPlatform;
  readonly became: "sent" | "pending" | "failed";
}

/** How many, by platform. */
function counts(all: readonly Became[]) {
  const rows = { apns: none(), fcm: none(), hms: none(), web: none() } satisfies Record<PushPlatform, object>;
  for (const { platform, became } of all) {
    rows[platform][became] += 1;
    rows[platform].total += 1;
  }
  return rows;
}

function none() {
  return { sent: 0, pending: 0, failed: 0, total: 0 };
}
