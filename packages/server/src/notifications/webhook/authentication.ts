/**
 * How a receiver is convinced of us: a client certificate, Basic, or a token by OAuth 2 client credentials. Kept sealed;
 * answers only say which secrets are set.
 */
import { fromUtf8, utf8 } from "@countersign/protocol/bytes";
import type { Deps } from "../../deps.ts";
import { type Refusal, refuse } from "../../errors.ts";
import { isUsableTls, type OutboundTls } from "../../outbound.ts";
import type { Sink } from "../sink.ts";
import { isAddress, originOf } from "./address.ts";

type Text = string | null | undefined;

/** Member names are those of PowerAuth back offices. Contents are Base64: PEM, or PKCS #12 for the key store. */
export interface Authentication {
  readonly certificate?: {
    readonly enabled?: boolean;
    readonly useCustomKeyStore?: boolean;
    readonly keyStoreLocation?: Text;
    readonly keyStoreContent?: Text;
    readonly keyStorePassword?: Text;
    readonly keyAlias?: Text;
    readonly keyPassword?: Text;
    readonly useCustomTrustStore?: boolean;
    readonly trustStoreLocation?: Text;
    readonly trustStoreContent?: Text;
    readonly trustStorePassword?: Text;
  } | null;
  readonly httpBasic?: { readonly enabled?: boolean; readonly username?: Text; readonly password?: Text } | null;
  readonly oAuth2?: {
    readonly enabled?: boolean;
    readonly clientId?: Text;
    readonly clientSecret?: Text;
    readonly tokenUri?: Text;
    readonly scope?: Text;
  } | null;
}

type Method = keyof Authentication;

/** Members that are never shown: an answer has `…Set` in their place. */
const secretMembers: Readonly<Record<Method, readonly string[]>> = {
  certificate: ["keyStoreContent", "keyStorePassword", "keyPassword", "trustStoreContent", "trustStorePassword"],
  httpBasic: ["password"],
  oAuth2: ["clientSecret"],
};
const methods = Object.keys(secretMembers) as Method[];

/** Which method is missing what, or cannot be used. Undefined when it all can. */
export function refuseAuthentication({ certificate, httpBasic, oAuth2 }: Authentication): Refusal | undefined {
  const wrong = (member: string, why: string) => refuse("invalid-request", `authentication.${member} - ${why}`);
  if (certificate?.enabled === true) {
    if (given(certificate.keyStoreLocation) || given(certificate.trustStoreLocation)) {
      return wrong("certificate", "no files of the server; send the content");
    }
    if (certificate.useCustomKeyStore === true && !given(certificate.keyStoreContent)) {
      return wrong("certificate.keyStoreContent", "required");
    }
    if (certificate.useCustomTrustStore === true && !given(certificate.trustStoreContent)) {
      return wrong("certificate.trustStoreContent", "required");
    }
    if (!isUsableTls(tlsOf({ certificate }) ?? {})) return wrong("certificate", "not usable keys and certificates");
  }
  if (httpBasic?.enabled === true && !(given(httpBasic.username) && given(httpBasic.password))) {
    return wrong("httpBasic", "username and password required");
  }
  // RFC 7617 §2: the first colon ends the name.
  if (httpBasic?.enabled === true && httpBasic.username?.includes(":") === true) {
    return wrong("httpBasic.username", "no colon");
  }
  if (oAuth2?.enabled === true) {
    if (!(given(oAuth2.clientId) && given(oAuth2.clientSecret))) {
      return wrong("oAuth2", "clientId and clientSecret required");
    }
    if (!given(oAuth2.tokenUri) || !isAddress(oAuth2.tokenUri)) return wrong("oAuth2.tokenUri", "not an HTTP address");
    if (httpBasic?.enabled === true) return wrong("oAuth2", "not together with httpBasic");
  }
  return undefined;
}

/**
 * A change of what is stored: an absent or null secret stays, an empty one is removed. Refuses where a secret that stays
 * would go to another address than before: only who knows it may send it elsewhere.
 */
export function changedAuthentication(
  before: Authentication,
  change: Authentication,
  urls: { readonly before: string; readonly after: string },
): Authentication | Refusal {
  const result: Record<string, object> = {};
  for (const method of methods) {
    const old: Record<string, unknown> = before[method] ?? {};
    const wanted = change[method] as Record<string, unknown> | null | undefined;
    const kept = Object.fromEntries(
      secretMembers[method].filter((name) => given(old[name] as Text)).map((name) => [name, old[name]]),
    );
    const next = wanted === null || wanted === undefined ? old : { ...kept, ...withoutNulls(wanted) };
    const stays = Object.keys(kept).some((name) => (wanted?.[name] ?? undefined) === undefined);
    const moved = originOf(urls.before) !== originOf(urls.after) || originOf(old.tokenUri) !== originOf(next.tokenUri);
    if (stays && moved) return refuse("invalid-request", `authentication.${method} - secrets have to be given again`);
    if (Object.keys(next).length > 0) result[method] = next;
  }
  return result;
}

/** As answers show it. */
export function shownAuthentication(authentication: Authentication): Record<string, object> {
  const shown: Record<string, object> = {};
  for (const method of methods) {
    const stored = authentication[method] as Record<string, unknown> | null | undefined;
    if (stored === null || stored === undefined) continue;
    const secrets = secretMembers[method];
    shown[method] = {
      ...Object.fromEntries(Object.entries(stored).filter(([name]) => !secrets.includes(name))),
      ...Object.fromEntries(secrets.map((name) => [`${name}Set`, given(stored[name] as Text)])),
    };
  }
  return shown;
}

export function sealAuthentication(
  deps: Pick<Deps, "secrets">,
  sinkId: string,
  authentication: Authentication,
): string | null {
  if (Object.keys(authentication).length === 0) return null;
  return deps.secrets.seal(placeOf(sinkId), utf8(JSON.stringify(authentication)));
}

export function authenticationOf(
  deps: Pick<Deps, "secrets">,
  sink: Pick<Sink, "id" | "authentication_sealed">,
): Authentication {
  if (sink.authentication_sealed === null) return {};
  return JSON.parse(fromUtf8(deps.secrets.open(placeOf(sink.id), sink.authentication_sealed)) ?? "") as Authentication;
}

/** For the handshake; undefined where no certificate is asked for. */
export function tlsOf({ certificate }: Pick<Authentication, "certificate">): OutboundTls | undefined {
  if (certificate?.enabled !== true) return undefined;
  const { keyStoreContent, keyStorePassword, keyPassword, trustStoreContent } = certificate;
  const passphrase = [keyPassword, keyStorePassword].find(given);
  return {
    ...(certificate.useCustomKeyStore === true && given(keyStoreContent) && identityOf(keyStoreContent)),
    ...(passphrase !== undefined && { passphrase }),
    ...(certificate.useCustomTrustStore === true &&
      given(trustStoreContent) && { authorities: textOf(trustStoreContent) }),
  };
}

export function basicHeader({ httpBasic }: Authentication): Record<string, string> {
  if (httpBasic?.enabled !== true) return {};
  const pair = Buffer.from(`${httpBasic.username}:${httpBasic.password}`).toString("base64");
  return { authorization: `Basic ${pair}` };
}

function identityOf(content: string): OutboundTls {
  const text = textOf(content);
  return text.includes("-----BEGIN ") ? { identity: text } : { store: new Uint8Array(Buffer.from(content, "base64")) };
}

/** Base64, bare or as a data URL; PEM as it is, too. */
function textOf(content: string): string {
  if (content.startsWith("-----BEGIN ")) return content;
  return Buffer.from(content.replace(/^data:[^,]*,/, ""), "base64").toString("utf8");
}

function given(text: Text): text is string {
  return typeof text === "string" && text !== "";
}

function withoutNulls(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null));
}

function placeOf(sinkId: string) {
  return { table: "sink", column: "authentication_sealed", row: sinkId };
}
