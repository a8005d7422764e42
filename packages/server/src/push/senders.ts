/**
 * The gateways in use: each is opened when its first message is sent, with connections and access tokens kept, and
 * opened anew once its settings changed, on whichever node.
 */
import type { Deps } from "../deps.ts";
import type { OutboundGuard } from "../outbound.ts";
import type { PushPlatform } from "../store/schema.ts";
import { gatewayId, type GatewaySettings, openSettings } from "./gateway.ts";
import { apnsSender } from "./gateways/apns.ts";
import { fcmSender } from "./gateways/fcm.ts";
import { hmsSender } from "./gateways/hms.ts";
import { webSender } from "./gateways/web.ts";
import type { Sender } from "./message.ts";

export interface PushSenders {
  /** Undefined where the application has no gateway for the platform. */
  of(applicationId: string, platform: PushPlatform): Promise<Sender | undefined>;
  close(): void;
}

interface SenderDeps extends Pick<Deps, "store" | "secrets" | "outbound"> {
  /** What `outbound` lets through, for the library that makes connections itself. */
  readonly guard: OutboundGuard;
}

type Open<P extends PushPlatform> = (settings: GatewaySettings[P], deps: SenderDeps) => Sender;

const openers: { readonly [P in PushPlatform]: Open<P> } = {
  apns: (settings, { guard }) => apnsSender(settings, guard),
  fcm: (settings, { outbound }) => fcmSender(settings, outbound),
  hms: (settings, { outbound }) => hmsSender(settings, outbound),
  web: (settings, { outbound }) => webSender(settings, outbound),
};

export function pushSenders(deps: SenderDeps): PushSenders {
  const opened = new Map<string, { readonly sealed: string; readonly sender: Sender }>();
  return {
    async of(applicationId, platform) {
      const id = gatewayId(applicationId, platform);
      const row = await deps.store.read
        .selectFrom("push_gateway")
        .select(["id", "settings_sealed"])
        .where("tenant", "=", deps.store.tenant)
        .where("id", "=", id)
        .executeTakeFirst();
      const known = opened.get(id);
      if (known !== undefined && known.sealed === row?.settings_sealed) return known.sender;
      known?.sender.close();
      opened.delete(id);
      if (row === undefined) return undefined;
      const sender = open(deps, platform, row);
      opened.set(id, { sealed: row.settings_sealed, sender });
      return sender;
    },
    close() {
      for (const { sender } of opened.values()) sender.close();
      opened.clear();
    },
  };
}

function open<P extends PushPlatform>(
  deps: SenderDeps,
  platform: P,
  row: { readonly id: string; readonly settings_sealed: string },
): Sender {
  return openers[platform](openSettings<P>(deps.secrets, row), deps);
}
