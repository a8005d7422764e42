/** Huawei Push Kit, version 1 of its API: plain HTTP with an OAuth 2 token of the client credentials. */
import type { Outbound } from "../../outbound.ts";
import type { HmsSettings } from "../gateway.ts";
import { failed, failedStatus, lifetime, type PushMessage, type Sender, type Sending, textExtras } from "../message.ts";
import { isPassing } from "./fcm.ts";

const huawei = {
  url: "https://push-api.cloud.huawei.com",
  tokenUrl: "https://oauth-login.cloud.huawei.com/oauth2/v3/token",
} as const;

interface AccessToken {
  readonly text: string;
  /** Epoch ms. */
  readonly until: number;
}

/** A token is renewed this long before its end, ms. */
const margin = 60_000;

export function hmsSender(settings: HmsSettings, outbound: Outbound): Sender {
  let token: AccessToken | undefined;
  const url = `${settings.url ?? huawei.url}/v1/${encodeURIComponent(settings.clientId)}/messages:send`;
  return {
    async send(device, message, now) {
      if (token === undefined || now >= token.until - margin) token = await requestToken(settings, outbound, now);
      if (token === undefined) return failed("no-access-token", true);
      const answer = await outbound({
        url,
        method: "POST",
        headers: { authorization: `Bearer ${token.text}`, "content-type": "application/json" },
        body: JSON.stringify({ validate_only: false, message: hmsMessage(device.token, message, now) }),
      });
      if ("failed" in answer) return failed(answer.failed, isPassing(answer.failed));
      const code = codeOf(answer.body);
      if (answer.status === 401 || code === "80200001" || code === "80200003") token = undefined;
      return outcome(answer.status, code);
    },
    close: () => undefined,
  };
}

async function requestToken(settings: HmsSettings, outbound: Outbound, now: number): Promise<AccessToken | undefined> {
  const answer = await outbound({
    url: settings.tokenUrl ?? huawei.tokenUrl,
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: settings.clientId,
      client_secret: settings.clientSecret,
    }).toString(),
  });
  if ("failed" in answer || answer.status !== 200) return undefined;
  const { access_token: text, expires_in: seconds } = parse(answer.body);
  if (typeof text !== "string" || !/^[\x21-\x7e]+$/.test(text)) return undefined;
  return { text, until: now + (typeof seconds === "number" ? seconds : 0) * 1000 };
}

function hmsMessage(token: string, message: PushMessage, now: number): object {
  const { content, silent } = message;
  const life = lifetime(message, now);
  return {
    token: [token],
    data: JSON.stringify(textExtras(message.extras)),
    ...(!silent && { notification: { title: content.title, body: content.body } }),
    android: {
      urgency: message.priority === "high" ? "HIGH" : "NORMAL",
      ...(life !== undefined && { ttl: `${life}s` }),
      ...(!silent && {
        notification: {
          title: content.title,
          body: content.body,
          icon: content.icon,
          sound: content.sound,
          tag: message.collapseKey,
          title_loc_key: content.titleLocKey,
          title_loc_args: content.titleLocArgs,
          body_loc_key: content.bodyLocKey,
          body_loc_args: content.bodyLocArgs,
          // 3 opens the app; with an action of the app's own it is 1.
          click_action: content.category === undefined ? { type: 3 } : { type: 1, action: content.category },
        },
      }),
    },
  };
}

function outcome(status: number, code: string | undefined): Sending {
  if (code === "80000000") return { kind: "sent" };
  if (code === "80300007") return { kind: "gone" };
  if (code === undefined) return status === 200 ? failed("answer-not-understood", false) : failedStatus(status);
  // Rejected access tokens, and Huawei's own trouble.
  const again = status >= 500 || ["80200001", "80200003", "81000001"].includes(code);
  return failed(code, again);
}

function codeOf(body: string): string | undefined {
  const { code } = parse(body);
  return typeof code === "string" && /^\d{8}$/.test(code) ? code : undefined;
}

function parse(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
