/**
 * Web Push (RFC 8030, 8291, 8292). The library encrypts and signs; the address was chosen by a device, so the request
 * goes through `outbound` and its guard.
 */
import { hash } from "node:crypto";
import type { Outbound } from "../../outbound.ts";
import { readSubscription } from "../device.ts";
import type { WebSettings } from "../gateway.ts";
import { failed, failedStatus, lifetime, type PushMessage, type Sender } from "../message.ts";
import { isPassing } from "./fcm.ts";

/** A day, where the message does not say. */
const usualLife = 86_400;

export function webSender(settings: WebSettings, outbound: Outbound): Sender {
  return {
    async send(device, message, now) {
      const subscription = readSubscription(device.token);
      if (subscription === undefined) return { kind: "gone" };
      const { default: library } = await import("web-push");
      const { publicKey, privateKey, subject } = settings;
      const { headers, body } = library.generateRequestDetails(subscription, JSON.stringify(webMessage(message)), {
        vapidDetails: { publicKey, privateKey, subject },
        TTL: lifetime(message, now) ?? usualLife,
        urgency: message.priority === "high" && !message.silent ? "high" : "normal",
        ...(message.collapseKey !== undefined && { topic: topicOf(message.collapseKey) }),
      });
      const answer = await outbound({
        url: subscription.endpoint,
        method: "POST",
        headers,
        body,
      });
      if ("failed" in answer) return failed(answer.failed, isPassing(answer.failed));
      if (answer.status >= 200 && answer.status < 300) return { kind: "sent" };
      return answer.status === 404 || answer.status === 410 ? { kind: "gone" } : failedStatus(answer.status);
    },
    close: () => undefined,
  };
}

/** The extras, and what the service worker shows. */
function webMessage({ content, extras, silent }: PushMessage): object {
  if (silent) return extras;
  const { title, body, icon, badge, category: tag } = content;
  return { ...extras, notification: { title, body, icon, badge, tag } };
}

/** At most 32 characters of Base64url (RFC 8030 §5.4). */
function topicOf(key: string): string {
  return hash("sha256", key, "base64url").slice(0, 32);
}
