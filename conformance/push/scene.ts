/** A world whose application has a push gateway on each platform, and a device that is registered with each. */
import { PushPlatform } from "@countersign/client/mobile-token";
import type { PowerAuth } from "@countersign/client/mobile-token";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { application, openWorld, type StoreOfWorld, type World } from "../world.ts";
import { certificate } from "./certificate.ts";
import {
  apnsGateway,
  fcmGateway,
  type Gateway,
  hmsGateway,
  type Json,
  webGateway,
  type WebGateway,
} from "./gateways.ts";

export const platforms = ["apns", "fcm", "hms", "web"] as const;
export type Platform = (typeof platforms)[number];

export interface Scene {
  readonly world: World;
  readonly gateways: Readonly<Record<Platform, Gateway>> & { readonly web: WebGateway };
  /** A request of the private listener, as the bank. */
  ask(method: string, path: string, body?: object): Promise<{ status: number; body: Json }>;
  /** A device of this user that is registered with the gateway of each platform in turn. */
  registered(userId: string, platform: Platform, language?: string): Promise<PowerAuth>;
  /** `/push/message/send`, and how many of each kind came of it for the platform. */
  send(userId: string, platform: Platform, message?: object): Promise<Json>;
  registeredDevices(userId: string): Promise<Json[]>;
  close(): Promise<void>;
}

/** `reach` is what the server may call in private ranges. */
export async function openScene(store: StoreOfWorld, reach: readonly string[] = ["127.0.0.0/8"]): Promise<Scene> {
  setDefaultCACertificates([...getCACertificates("default"), certificate]);
  const gateways = {
    apns: await apnsGateway(),
    fcm: await fcmGateway(),
    hms: await hmsGateway(),
    web: await webGateway(),
  };
  const world = await openWorld(store, { outboundAllow: [...reach] });
  const { clientId, clientSecret } = world.credentials;
  const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`;
  const ask: Scene["ask"] = async (method, path, body) => {
    const response = await fetch(world.server.privateUrl + path, {
      method,
      headers: { authorization, ...(body !== undefined && { "content-type": "application/json" }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
  };
  for (const platform of platforms) {
    const path = `/v1/push-gateways/${application}/${platform}`;
    const { status, body } = await ask("PUT", path, gateways[platform].settings);
    if (status !== 200) throw new Error(`${path}: ${JSON.stringify(body)}`);
  }
  let made = 0;
  const places: Readonly<Record<Platform, () => PushPlatform>> = {
    apns: () => PushPlatform.apns(new Uint8Array([0xab, 0xcd, ++made]), { environment: "development" }),
    fcm: () => PushPlatform.fcm(`fcm-${++made}`),
    hms: () => PushPlatform.hms(`hms-${++made}`),
    web: () => PushPlatform.web(gateways.web.subscribe()),
  };
  return {
    world,
    gateways,
    ask,
    async registered(userId, platform, language = "en") {
      const device = await world.device(userId);
      await device.createMobileToken({ acceptLanguage: language }).push.register(places[platform]());
      return device;
    },
    async send(userId, platform, message = {}) {
      const { body = {}, ...more } = message as { body?: object };
      const requestObject = {
        appId: application,
        message: { userId, body: { title: "T", body: "B", ...body }, ...more },
      };
      const answer = await ask("POST", "/push/message/send", { requestObject });
      if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
      return answer.body.responseObject[platform];
    },
    async registeredDevices(userId) {
      return (await ask("GET", `/v1/push-devices?userId=${userId}`)).body.items;
    },
    async close() {
      await world.close();
      for (const platform of platforms) await gateways[platform].close();
    },
  };
}
