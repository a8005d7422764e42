/** Apple Push Notification service: HTTP/2 with a provider token, through `@parse/node-apn`. */
import type { Notification, Provider, ProviderOptions } from "@parse/node-apn";
import type { OutboundGuard } from "../../outbound.ts";
import type { ApnsSettings } from "../gateway.ts";
import { failed, failedStatus, lifetime, type PushMessage, type Sender, type Sending } from "../message.ts";

const hosts = { production: "api.push.apple.com", development: "api.sandbox.push.apple.com" } as const;

type Library = typeof import("@parse/node-apn");

export function apnsSender(settings: ApnsSettings, guard: OutboundGuard): Sender {
  const providers = new Map<string, Provider>();
  return {
    async send(device, message, now) {
      const host = settings.host ?? hosts[device.environment ?? "production"];
      if (!guard.permits(new URL(`https://${host}`).hostname)) return failed("address-not-allowed", false);
      const { default: library } = (await import("@parse/node-apn")) as unknown as { default: Library };
      let provider = providers.get(host);
      if (provider === undefined) providers.set(host, (provider = connect(library, settings, host, guard)));
      const { failed: refused } = await provider.send(notification(library, settings, message, now), device.token);
      return refused[0] === undefined ? { kind: "sent" } : outcome(refused[0]);
    },
    close() {
      for (const provider of providers.values()) void provider.shutdown();
    },
  };
}

/** Nothing is repeated here: that is the outbox's work. The guard's look-up goes through to the connection. */
function connect(library: Library, { key, keyId, teamId }: ApnsSettings, host: string, guard: OutboundGuard): Provider {
  const { hostname, port } = new URL(`https://${host}`);
  const options: ProviderOptions & Pick<OutboundGuard, "lookup"> = {
    token: { key, keyId, teamId },
    address: hostname,
    port: port === "" ? 443 : Number(port),
    connectionRetryLimit: 0,
    requestTimeout: 10_000,
    lookup: guard.lookup,
  };
  return new library.Provider(options);
}

function notification(library: Library, settings: ApnsSettings, message: PushMessage, now: number): Notification {
  const { content, silent } = message;
  const note = new library.Notification();
  note.topic = settings.topic;
  note.payload = { ...message.extras };
  note.pushType = silent ? "background" : "alert";
  // Apple wants 5 for what wakes the app in the background.
  note.priority = silent || message.priority === "normal" ? 5 : 10;
  if (message.collapseKey !== undefined) note.collapseId = message.collapseKey.slice(0, 64);
  const life = lifetime(message, now);
  if (life !== undefined) note.expiry = Math.floor(now / 1000) + life;
  if (silent) {
    note.contentAvailable = true;
    return note;
  }
  note.alert = {
    ...(content.title !== undefined && { title: content.title }),
    ...(content.body !== undefined && { body: content.body }),
    ...(content.titleLocKey !== undefined && { "title-loc-key": content.titleLocKey }),
    ...(content.titleLocArgs !== undefined && { "title-loc-args": [...content.titleLocArgs] }),
    ...(content.bodyLocKey !== undefined && { "loc-key": content.bodyLocKey }),
    ...(content.bodyLocArgs !== undefined && { "loc-args": [...content.bodyLocArgs] }),
  } as Notification["alert"];
  note.sound = content.sound ?? "default";
  if (content.badge !== undefined) note.badge = content.badge;
  if (content.category !== undefined) note.aps.category = content.category;
  return note;
}

interface Refused {
  readonly status?: number | string | undefined;
  readonly response?: { readonly reason?: string } | undefined;
}

function outcome({ status, response }: Refused): Sending {
  const reason = response?.reason;
  if (status === 410 || reason === "Unregistered") return { kind: "gone" };
  // A provider token that is not liked may be a clock that is wrong, or settings that somebody is about to mend.
  if (status === 403) return failed(reason ?? "http-403", true);
  if (typeof status !== "number") return failed("unreachable", true);
  const plain = failedStatus(status);
  return plain.kind === "failed" && reason !== undefined && /^\w{1,40}$/.test(reason)
    ? failed(reason, plain.again)
    : plain;
}
