/**
 * CIBA for back ends: start an approval, wait for it or be told of it, and get what was approved, verified. Nothing that
 * this file returns as an approval was not verified against what was asked for.
 */
import { toBase64Url } from "@countersign/protocol/bytes";
import { isJsonObject, type JsonObject } from "@countersign/protocol/json";
import { SignJWT } from "jose";
import * as openid from "openid-client";
import type { Jwks } from "../receipt.ts";
import { digestOf } from "./digest.ts";
import { OpenIdError } from "./errors.ts";
import { checkAccessToken, type ExpectedApproval, type VerifiedApproval, verifyApproval } from "./id-token.ts";
import { asked, type ClientOptions, discovered, publishedKeys, refusalOf } from "./provider.ts";

export { OpenIdError, type OpenIdErrorCode } from "./errors.ts";
export type { ClientOptions, SigningKey } from "./provider.ts";
export type { VerifiedApproval } from "./id-token.ts";

export interface Question {
  /** The provider's name for the person. */
  readonly user: string;
  /** Shown on the device and on the screen where it all began. */
  readonly bindingMessage?: string;
  /** What is to be approved (RFC 9396): one object with a `type` that the server knows. */
  readonly details?: readonly object[];
  /** Any of these will do; an approval that reaches none of them is refused here. */
  readonly acrValues?: readonly string[];
  /** Seconds. */
  readonly requestedExpiry?: number;
  readonly userCode?: string;
  /** Beside `openid`. */
  readonly scope?: string;
  /** For clients of ping and push: results come with a token that proves where they come from. */
  readonly notified?: boolean;
}

/** A request under way. Plain data: keep it where other processes find it. */
export interface Started {
  readonly authReqId: string;
  /** Epoch ms. */
  readonly expiresAt: number;
  readonly intervalSeconds: number;
  /** What a call to one's endpoint has to carry. A secret. */
  readonly notificationToken?: string;
  readonly expected: Pick<ExpectedApproval, "user" | "details" | "acrValues">;
}

export interface Approved extends VerifiedApproval {
  readonly idToken: string;
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
}

/** A request that came to one's own endpoint. */
export interface Notification {
  /** The header `Authorization`, as it came. */
  readonly authorization: string | undefined;
  readonly body: string;
}

export type CibaClient = Awaited<ReturnType<typeof cibaClient>>;

const cibaGrant = "urn:openid:params:grant-type:ciba";
const cancelGrant = "urn:countersign:params:grant-type:ciba-cancel";
const defaultInterval = 5;
const requestSeconds = 300;

/** Reads the provider's metadata. Throws `OpenIdError`, as all of its functions do. */
export async function cibaClient(options: ClientOptions) {
  const { issuer, clientId, dpop, signRequests } = options;
  const now = options.now ?? Date.now;
  const sleep = options.sleep ?? slept;
  const config = await discovered(options);
  const proof = dpop && { DPoP: openid.getDPoPHandle(config, dpop) };
  let keys: Jwks | undefined = options.keys;

  async function verified(started: Started, idToken: unknown): Promise<VerifiedApproval> {
    if (typeof idToken !== "string") throw new OpenIdError("response-malformed", "There is no ID token");
    const expected = { ...started.expected, issuer, clientId, authReqId: started.authReqId };
    keys ??= await publishedKeys(config, options.fetch);
    try {
      return await verifyApproval(idToken, keys, expected, now());
    } catch (error) {
      const isNew = error instanceof OpenIdError && error.code === "unknown-key" && options.keys === undefined;
      if (!isNew) throw error;
    }
    keys = await publishedKeys(config, options.fetch);
    return verifyApproval(idToken, keys, expected, now());
  }

  async function approved(started: Started, tokens: JsonObject): Promise<Approved> {
    const { id_token: idToken, access_token: accessToken, refresh_token: refreshToken } = tokens;
    const approval = await verified(started, idToken);
    if (typeof accessToken !== "string") throw new OpenIdError("response-malformed", "There is no access token");
    return {
      ...approval,
      idToken: idToken as string,
      accessToken,
      refreshToken: typeof refreshToken === "string" ? refreshToken : undefined,
    };
  }

  /** Undefined while nobody has answered. */
  async function fetchResult(started: Started): Promise<Approved | undefined> {
    try {
      return await approved(started, await redeemed(started));
    } catch (error) {
      if (error instanceof OpenIdError && pending.has(error.error ?? "")) return undefined;
      throw error;
    }
  }

  const redeemed = ({ authReqId }: Started) =>
    asked(() => openid.genericGrantRequest(config, cibaGrant, { auth_req_id: authReqId }, proof));

  return {
    /** Asks the person. */
    async start(question: Question): Promise<Started> {
      const { notified = false, user, details, acrValues } = question;
      const token = notified ? toBase64Url(crypto.getRandomValues(new Uint8Array(32))) : undefined;
      const parameters = parametersOf(question, token);
      const sent =
        signRequests === undefined
          ? Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, textOf(value)]))
          : { request: await signedRequest(parameters) };
      const answer = await asked(() => openid.initiateBackchannelAuthentication(config, sent));
      if (!(answer.expires_in > 0)) throw new OpenIdError("response-malformed", "The request is over at once");
      return {
        authReqId: answer.auth_req_id,
        expiresAt: now() + answer.expires_in * 1000,
        intervalSeconds: answer.interval ?? defaultInterval,
        ...(token !== undefined && { notificationToken: token }),
        expected: { user, details, acrValues },
      };
    },

    /** One poll: the approval, or undefined while nobody has answered. `denied`, `expired` and the like are thrown. */
    fetch: fetchResult,

    /**
     * Polls until it is decided: never faster than told, slower when asked to, and over a server that is away for a
     * while. Throws `denied`, `expired`, `failed`; `cancelled` when the signal is aborted, which cancels nothing there.
     */
    async wait(started: Started, { signal }: { readonly signal?: AbortSignal } = {}): Promise<Approved> {
      for (let seconds = started.intervalSeconds; ;) {
        await paused(seconds * 1000, signal, sleep);
        try {
          return await approved(started, await redeemed(started));
        } catch (error) {
          const { error: said, code } = error as OpenIdError;
          if (said === "slow_down") seconds += 5;
          else if (said !== "authorization_pending" && code !== "unreachable") throw error;
          if (now() > started.expiresAt + seconds * 1000) throw over(error, code);
        }
      }
    },

    /** Gives up a request that nobody has decided. `refused` with `invalid_grant` when it was decided before. */
    async cancel({ authReqId }: Started): Promise<void> {
      try {
        await openid.genericGrantRequest(config, cancelGrant, { auth_req_id: authReqId }, proof);
      } catch (error) {
        // The answer is an empty object; openid-client wants a token in it.
        if (!isEmptyAnswer(error)) await asked(() => Promise.reject(error as Error));
      }
    },

    /**
     * A ping at one's notification endpoint (CIBA §10.2): whose request it is. Answer it with 204, then `fetch`. `find`
     * looks among one's own requests.
     */
    async receivePing(
      notification: Notification,
      find: (authReqId: string) => Promise<Started | undefined>,
    ): Promise<Started> {
      const { started, body } = await received(notification, find);
      if (Object.keys(body).length !== 1) throw new OpenIdError("notification-malformed", "This is not a ping");
      return started;
    },

    /** A pushed result (CIBA §10.3.1, §12): the approval, verified. Throws `denied` and the like. Answer it with 204. */
    async receivePush(
      notification: Notification,
      find: (authReqId: string) => Promise<Started | undefined>,
    ): Promise<Approved> {
      const { started, body } = await received(notification, find);
      const { error, error_description: words } = body;
      if (typeof error === "string") throw refusalOf(error, typeof words === "string" ? words : undefined);
      const result = await approved(started, body);
      await checkAccessToken(result, result.accessToken);
      return result;
    },
  };

  async function signedRequest(parameters: RequestParameters): Promise<string> {
    if (signRequests === undefined) throw new Error("There is no key for requests");
    const seconds = Math.floor(now() / 1000);
    return new SignJWT({ ...parameters })
      .setProtectedHeader({ alg: "ES256", kid: signRequests.kid })
      .setIssuer(clientId)
      .setAudience(issuer)
      .setIssuedAt(seconds)
      .setNotBefore(seconds)
      .setExpirationTime(seconds + requestSeconds)
      .setJti(toBase64Url(crypto.getRandomValues(new Uint8Array(16))))
      .sign(signRequests.key);
  }
}

const pending: ReadonlySet<string> = new Set(["authorization_pending", "slow_down"]);

type RequestParameters = Readonly<Record<string, unknown>>;

function parametersOf(question: Question, notificationToken: string | undefined): RequestParameters {
  const { user, bindingMessage, details, acrValues, requestedExpiry, userCode, scope } = question;
  const all = {
    scope: scope === undefined ? "openid" : `openid ${scope}`,
    login_hint: user,
    binding_message: bindingMessage,
    authorization_details: details,
    acr_values: acrValues?.join(" "),
    requested_expiry: requestedExpiry,
    user_code: userCode,
    client_notification_token: notificationToken,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The request a call speaks of, once its bearer token was found to be the one that was given for it. */
async function received(
  { authorization, body: text }: Notification,
  find: (authReqId: string) => Promise<Started | undefined>,
): Promise<{ readonly started: Started; readonly body: JsonObject }> {
  const body = objectOf(text);
  const id = body?.["auth_req_id"];
  if (body === undefined || typeof id !== "string") {
    throw new OpenIdError("notification-malformed", "This is not a notification");
  }
  const [, bearer] = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization ?? "") ?? [];
  const started = await find(id);
  if (started === undefined) throw new OpenIdError("unknown-request", "It names a request that is not known here");
  // Digests are compared: how far two of them agree tells nothing of the token.
  const given = await digestOf(bearer ?? "");
  if (started.notificationToken === undefined || given !== (await digestOf(started.notificationToken))) {
    throw new OpenIdError("wrong-bearer", "The call does not carry the token of its request");
  }
  return { started, body };
}

function objectOf(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isEmptyAnswer(error: unknown): boolean {
  const { cause } = error as { readonly cause?: { readonly cause?: { readonly body?: unknown } } };
  const body = cause?.cause?.body;
  return isJsonObject(body) && Object.keys(body).length === 0;
}

function over(error: unknown, code: string): unknown {
  return code === "unreachable" ? error : new OpenIdError("expired", "Nobody answered in time", { cause: error });
}

async function paused(
  ms: number,
  signal: AbortSignal | undefined,
  sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>,
): Promise<void> {
  try {
    signal?.throwIfAborted();
    // A timer that is asked for more goes off at once.
    await sleep(Math.min(ms, 2_147_483_647), signal);
  } catch (cause) {
    throw new OpenIdError("cancelled", "The call was cancelled", { cause });
  }
}

function slept(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
