/** A bank whose customers register for push messages: what its tests share. */
import { createECDH, generateKeyPairSync, randomBytes } from "node:crypto";
import type { Answer, Device, Token } from "./device.ts";
import { type MobileBank, startMobileBank } from "./mobile-bank.ts";
import { type BankOptions, type Credentials, type Json, type Reply, send } from "./bank.ts";

export const registerPath = "/api/push/device/register/token";

export type PushBank = Awaited<ReturnType<typeof startPushBank>>;

export async function startPushBank(opened: BankOptions["opened"]) {
  const mobile: MobileBank = await startMobileBank(opened);
  const { bank, device, token, tokenOf } = mobile;
  return {
    ...mobile,

    /** As a device, with its token. */
    post(path: string, requestObject: object | undefined, more: Partial<Caller> = {}): Promise<Answer> {
      const { by = device, its = token, headers = {} } = more;
      const body = JSON.stringify(requestObject === undefined ? {} : { requestObject });
      return by.post(path, body, { ...by.withToken(its), ...headers });
    },

    /** A further device of a user, and its token. */
    async another(userId: string, of = mobile.app): Promise<Caller> {
      const by = await bank.device(of, userId);
      return { by, its: await tokenOf(by), headers: {} };
    },

    /** On the private listener, outside of `/rest/v3`. */
    back(method: string, path: string, body?: unknown, client: Credentials = bank.admin): Promise<Reply> {
      return send(bank.privateUrl + path, method, body === undefined ? undefined : JSON.stringify(body), client);
    },

    devicesOf: async (userId: string): Promise<Json[]> =>
      (await bank.v1("GET", `/push-devices?userId=${encodeURIComponent(userId)}`)).body.items,
  };
}

export interface Caller {
  readonly by: Device;
  readonly its: Token;
  readonly headers: Record<string, string>;
}

/** JSON of a subscription, as a browser makes it. */
export function subscription(endpoint = "https://push.example/abc"): string {
  const keys = createECDH("prime256v1");
  const p256dh = keys.generateKeys("base64url");
  return JSON.stringify({
    endpoint,
    expirationTime: null,
    keys: { p256dh, auth: randomBytes(16).toString("base64url") },
  });
}

const pem = { privateKeyEncoding: { type: "pkcs8", format: "pem" } } as const;

export function ecKey(): string {
  return generateKeyPairSync("ec", {
    namedCurve: "P-256",
    ...pem,
    publicKeyEncoding: { type: "spki", format: "pem" },
  }).privateKey;
}

export function rsaKey(): string {
  return generateKeyPairSync("rsa", {
    modulusLength: 2048,
    ...pem,
    publicKeyEncoding: { type: "spki", format: "pem" },
  }).privateKey;
}
