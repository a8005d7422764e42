/** A countermeasure as security event token (RFC 8417), to be pushed (RFC 8935): signed, and complete without us. */
import type { Event } from "../../audit/event.ts";
import type { Deps } from "../../deps.ts";
import type { Sink } from "../sink.ts";

export const securityEventType = "secevent+jwt";

/** What of an event's data is told beside whose it is. */
const members = ["cause", "until", "canceled", "blockedReason", "applicationId", "protocol"] as const;

/**
 * By the key of receipts, which is published. `jti` is that of the delivery: the same however often it is tried. `until`
 * is in seconds, -1 where somebody has to unblock. The device, where there is one, is a member of the event.
 */
export async function securityEventToken(
  { signingKeys, publicUrl }: Pick<Deps, "signingKeys" | "publicUrl">,
  { event, sink, deliveryId }: { readonly event: Event; readonly sink: Sink; readonly deliveryId: string },
): Promise<string> {
  const { type, subject, at, data } = event;
  const told = members.flatMap((name) => (data[name] == null ? [] : [[name, seconds(name, data[name])] as const]));
  const claims = {
    iss: publicUrl,
    aud: sink.url,
    jti: deliveryId,
    iat: Math.floor(at / 1000),
    sub_id: { format: "opaque", id: String(data.userId) },
    events: {
      [`urn:countersign:event:${type}`]: {
        ...Object.fromEntries(told),
        ...(subject !== data.userId && { activationId: subject }),
      },
    },
  };
  return signingKeys.sign("receipt", securityEventType, claims);
}

function seconds(name: string, value: unknown): unknown {
  return name === "until" && typeof value === "number" && value > 0 ? Math.floor(value / 1000) : value;
}
