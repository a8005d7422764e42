/**
 * A registration: where push messages for an activation go. There is one for each activation, and a push token belongs
 * to the activation that registered it last.
 */
import { ECDH } from "node:crypto";
import type { Secrets } from "../keys/secrets.ts";
import type { ActivationTable, PushDeviceTable, PushPlatform } from "../store/schema.ts";

export type { PushPlatform } from "../store/schema.ts";
export type ApnsEnvironment = "development" | "production";

export interface PushDevice {
  readonly activationId: string;
  readonly applicationId: string;
  readonly userId: string;
  readonly platform: PushPlatform;
  readonly environment: ApnsEnvironment | null;
  /** Language subtag. */
  readonly language: string;
  /** Epoch ms. */
  readonly registeredAt: number;
}

/** With the token, which is a secret: whoever has it can write to the device. */
export interface ReachableDevice extends PushDevice {
  /** What the device understands. */
  readonly protocol: ActivationTable["protocol"];
  readonly token: string;
}

/** As PowerAuth servers know them, the last three from before version 1.10. */
export const platformNames = {
  apns: "apns",
  fcm: "fcm",
  hms: "hms",
  web: "web",
  ios: "apns",
  android: "fcm",
  huawei: "hms",
} as const satisfies Record<string, PushPlatform>;

export type PlatformName = keyof typeof platformNames;

export function deviceOf(row: PushDeviceTable): PushDevice {
  return {
    activationId: row.activation_id,
    applicationId: row.application_id,
    userId: row.user_id,
    platform: row.platform,
    environment: row.environment,
    language: row.language,
    registeredAt: row.registered_at,
  };
}

export function tokenPlace(activationId: string) {
  return { table: "push_device", column: "token_sealed", row: activationId } as const;
}

export function hashOfToken(secrets: Pick<Secrets, "hash">, token: string): string {
  return secrets.hash("push_device", token);
}

export interface WebSubscription {
  readonly endpoint: string;
  readonly keys: { readonly p256dh: string; readonly auth: string };
}

/** What can be told of a token before it is used. APNs puts it into a path. */
export function isToken(platform: PushPlatform, token: string): boolean {
  switch (platform) {
    case "apns":
      return /^[0-9A-Fa-f]+$/.test(token);
    case "fcm":
    case "hms":
      return /^[\x21-\x7e]+$/.test(token);
    case "web":
      return readSubscription(token) !== undefined;
  }
}

/** The subscription as browsers write it (Push API): an https address, a P-256 point and 16 bytes. */
export function readSubscription(token: string): WebSubscription | undefined {
  const parsed = parse(token) as Partial<WebSubscription> | undefined;
  const { endpoint, keys } = parsed ?? {};
  if (typeof endpoint !== "string" || typeof keys?.p256dh !== "string" || typeof keys.auth !== "string")
    return undefined;
  const url = URL.parse(endpoint);
  if (url?.protocol !== "https:" || url.username !== "" || url.password !== "") return undefined;
  if (!isPoint(keys.p256dh) || Buffer.from(keys.auth, "base64url").length !== 16) return undefined;
  return { endpoint, keys: { p256dh: keys.p256dh, auth: keys.auth } };
}

function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function isPoint(text: string): boolean {
  try {
    const point = Buffer.from(text, "base64url");
    return point.length === 65 && ECDH.convertKey(point, "prime256v1").length > 0;
  } catch {
    return false;
  }
}
