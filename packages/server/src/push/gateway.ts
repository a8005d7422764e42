/**
 * How the push gateway of a platform is reached for an application. The settings are sealed as a whole; what may be
 * shown again is `shownSettings`, and a secret that is left out of a change stays as it was.
 */
import { createECDH, createPrivateKey, type KeyObject } from "node:crypto";
import type { Secrets } from "../keys/secrets.ts";
import { type Refusal, refuse } from "../errors.ts";
import type { PushGatewayTable, PushPlatform } from "../store/schema.ts";

export interface ApnsSettings {
  /** PEM of the .p8 file. */
  readonly key: string;
  readonly keyId: string;
  readonly teamId: string;
  /** Bundle id of the app. */
  readonly topic: string;
  /** `host` or `host:port` in place of Apple's two. */
  readonly host?: string;
}

export interface FcmSettings {
  readonly serviceAccount: {
    readonly project_id: string;
    readonly client_email: string;
    readonly private_key: string;
  };
  /** In place of Google's. */
  readonly url?: string;
  readonly tokenUrl?: string;
}

export interface HmsSettings {
  readonly clientId: string;
  readonly clientSecret: string;
  /** In place of Huawei's. */
  readonly url?: string;
  readonly tokenUrl?: string;
}

export interface WebSettings {
  /** VAPID keys (RFC 8292), Base64url. */
  readonly publicKey: string;
  readonly privateKey: string;
  /** `mailto:` or `https:` address of whoever runs this server. */
  readonly subject: string;
}

export interface GatewaySettings {
  readonly apns: ApnsSettings;
  readonly fcm: FcmSettings;
  readonly hms: HmsSettings;
  readonly web: WebSettings;
}

/** Settings as a change gives them: secrets may be absent. */
export interface GatewayChange {
  readonly apns: Omit<ApnsSettings, "key"> & { readonly key?: string };
  readonly fcm: Omit<FcmSettings, "serviceAccount"> & Partial<Pick<FcmSettings, "serviceAccount">>;
  readonly hms: Omit<HmsSettings, "clientSecret"> & { readonly clientSecret?: string };
  readonly web: Pick<WebSettings, "subject"> & { readonly privateKey?: string };
}

export function gatewayId(applicationId: string, platform: PushPlatform): string {
  return `${platform}:${applicationId}`;
}

function place(row: string) {
  return { table: "push_gateway", column: "settings_sealed", row } as const;
}

export function sealSettings(secrets: Pick<Secrets, "seal">, id: string, settings: object): string {
  return secrets.seal(place(id), Buffer.from(JSON.stringify(settings)));
}

export function openSettings<P extends PushPlatform>(
  secrets: Pick<Secrets, "open">,
  row: Pick<PushGatewayTable, "id" | "settings_sealed">,
): GatewaySettings[P] {
  return JSON.parse(Buffer.from(secrets.open(place(row.id), row.settings_sealed)).toString()) as GatewaySettings[P];
}

/** What may be shown of the settings. */
export const shownSettings: { readonly [P in PushPlatform]: (settings: GatewaySettings[P]) => object } = {
  apns: ({ keyId, teamId, topic, host }) => ({ keyId, teamId, topic, host }),
  fcm: ({ serviceAccount, url, tokenUrl }) => ({
    projectId: serviceAccount.project_id,
    clientEmail: serviceAccount.client_email,
    url,
    tokenUrl,
  }),
  hms: ({ clientId, url, tokenUrl }) => ({ clientId, url, tokenUrl }),
  web: ({ publicKey, subject }) => ({ publicKey, subject }),
};

type Complete<P extends PushPlatform> = (
  change: GatewayChange[P],
  before: GatewaySettings[P] | undefined,
) => Omit<GatewaySettings[P], never> | Refusal;

/** The settings after a change, or what is wrong with it. A library would take a key that is no PEM for a file name. */
export const completeSettings: { readonly [P in PushPlatform]: Complete<P> } = {
  apns(change, before) {
    const key = change.key ?? before?.key;
    if (key === undefined || !isPrivateKey(key, "ec")) return refuse("invalid-request", "key - a P-256 key in PEM");
    if (change.host !== undefined && !isHost(change.host)) return refuse("invalid-request", "host - host or host:port");
    return { ...change, key };
  },
  fcm(change, before) {
    const serviceAccount = change.serviceAccount ?? before?.serviceAccount;
    if (serviceAccount === undefined) return refuse("invalid-request", "serviceAccount - required");
    const { project_id, client_email, private_key } = serviceAccount;
    if (!isPrivateKey(private_key, "rsa")) return refuse("invalid-request", "private_key - an RSA key in PEM");
    return { ...change, serviceAccount: { project_id, client_email, private_key } };
  },
  hms(change, before) {
    const clientSecret = change.clientSecret ?? before?.clientSecret;
    if (clientSecret === undefined) return refuse("invalid-request", "clientSecret - required");
    return { ...change, clientSecret };
  },
  web(change, before) {
    const subject = URL.parse(change.subject);
    if (subject === null || !["https:", "mailto:"].includes(subject.protocol)) {
      return refuse("invalid-request", "subject - a mailto: or https: address");
    }
    const keys = vapidKeys(change.privateKey ?? before?.privateKey);
    return keys === undefined
      ? refuse("invalid-request", "privateKey - 32 bytes in Base64url")
      : { ...keys, subject: change.subject };
  },
};

/** The pair of a private key, or a new one. Undefined for what is no key. */
function vapidKeys(privateKey: string | undefined): Pick<WebSettings, "publicKey" | "privateKey"> | undefined {
  const pair = createECDH("prime256v1");
  if (privateKey === undefined) pair.generateKeys();
  else {
    const bytes = Buffer.from(privateKey, "base64url");
    if (bytes.length !== 32) return undefined;
    try {
      pair.setPrivateKey(bytes);
    } catch {
      return undefined;
    }
  }
  const padded = Buffer.concat([Buffer.alloc(32), pair.getPrivateKey()]).subarray(-32);
  return { publicKey: pair.getPublicKey("base64url"), privateKey: padded.toString("base64url") };
}

function isPrivateKey(pem: string, type: "ec" | "rsa"): boolean {
  if (!pem.startsWith("-----BEGIN ")) return false;
  const key = privateKeyOf(pem);
  if (key?.asymmetricKeyType !== type) return false;
  return type === "rsa" || key.asymmetricKeyDetails?.namedCurve === "prime256v1";
}

function privateKeyOf(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

function isHost(text: string): boolean {
  const url = URL.parse(`https://${text}`);
  return url !== null && (url.host === text || `${url.host}:443` === text);
}
