/** Firebase Cloud Messaging, HTTP v1. The library makes the OAuth token; all traffic goes through `outbound`. */
import type { JWT } from "google-auth-library";
import type { Outbound } from "../../outbound.ts";
import type { FcmSettings } from "../gateway.ts";
import { failed, failedStatus, lifetime, type PushMessage, type Sender, type Sending, textExtras } from "../message.ts";

const scope = "https://www.googleapis.com/auth/firebase.messaging";
const google = { url: "https://fcm.googleapis.com", tokenUrl: "https://oauth2.googleapis.com/token" } as const;

export function fcmSender(settings: FcmSettings, outbound: Outbound): Sender {
  let client: Promise<JWT> | undefined;
  const url = `${settings.url ?? google.url}/v1/projects/${encodeURIComponent(settings.serviceAccount.project_id)}/messages:send`;
  return {
    async send(device, message, now) {
      const token = await accessToken(await (client ??= connect(settings, outbound)));
      if (token === undefined) return failed("no-access-token", true);
      const answer = await outbound({
        url,
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify({ message: fcmMessage(device.token, message, now) }),
      });
      if ("failed" in answer) return failed(answer.failed, isPassing(answer.failed));
      if (answer.status === 401) client = undefined;
      return outcome(answer.status, answer.body);
    },
    close: () => undefined,
  };
}

export function isPassing(failure: string): boolean {
  return failure === "unreachable" || failure === "timed-out";
}

/** The library knows one address for tokens: what it asks for there is asked for at the configured one. */
async function connect({ serviceAccount, tokenUrl }: FcmSettings, outbound: Outbound): Promise<JWT> {
  const { JWT: Client } = await import("google-auth-library");
  return new Client({
    email: serviceAccount.client_email,
    key: serviceAccount.private_key,
    scopes: scope,
    transporterOptions: {
      retry: false,
      async fetchImplementation(_address, init) {
        const answer = await outbound({
          url: tokenUrl ?? google.tokenUrl,
          method: "POST",
          headers: { "content-type": "application/x-www-form-urlencoded" },
          body: init?.body instanceof URLSearchParams ? init.body.toString() : "",
        });
        if ("failed" in answer) throw new TypeError(answer.failed);
        return new Response(answer.body, {
          status: answer.status,
          headers: { "content-type": "application/json" },
        });
      },
    },
  });
}

/** The library's error would quote what was sent. */
async function accessToken(client: JWT): Promise<string | undefined> {
  try {
    return (await client.getAccessToken()).token ?? undefined;
  } catch {
    return undefined;
  }
}

function fcmMessage(token: string, message: PushMessage, now: number): object {
  const { content, silent } = message;
  const life = lifetime(message, now);
  return {
    token,
    data: textExtras(message.extras),
    ...(!silent && { notification: { title: content.title, body: content.body } }),
    android: {
      priority: message.priority === "high" ? "HIGH" : "NORMAL",
      ...(message.collapseKey !== undefined && { collapse_key: message.collapseKey }),
      ...(life !== undefined && { ttl: `${life}s` }),
      ...(!silent && {
        notification: {
          icon: content.icon,
          sound: content.sound,
          click_action: content.category,
          tag: message.collapseKey,
          title_loc_key: content.titleLocKey,
          title_loc_args: content.titleLocArgs,
          body_loc_key: content.bodyLocKey,
          body_loc_args: content.bodyLocArgs,
        },
      }),
    },
    // For apps on iOS that get their messages through FCM.
    ...(silent && {
      apns: {
        headers: { "apns-push-type": "background", "apns-priority": "5" },
        payload: { aps: { "content-available": 1 } },
      },
    }),
  };
}

interface ErrorBody {
  readonly error?: { readonly status?: string; readonly details?: readonly { readonly errorCode?: string }[] };
}

function outcome(status: number, body: string): Sending {
  if (status >= 200 && status < 300) return { kind: "sent" };
  const code = errorCode(body);
  if (code === "UNREGISTERED") return { kind: "gone" };
  if (status === 401) return failed("http-401", true);
  const plain = failedStatus(status);
  return plain.kind === "failed" && code !== undefined ? failed(code, plain.again) : plain;
}

function errorCode(body: string): string | undefined {
  try {
    const { error } = JSON.parse(body) as ErrorBody;
    const code = error?.details?.find(({ errorCode: named }) => named !== undefined)?.errorCode ?? error?.status;
    return typeof code === "string" && /^[A-Z_]{1,40}$/.test(code) ? code : undefined;
  } catch {
    return undefined;
  }
}
