/**
 * How the services of a Mobile Token talk to the server: envelope in, envelope out, proved by a token or by a signature.
 *
 * Only members of the `PowerAuth` face are used for both proofs, so that what an application may do by hand and what
 * the services do is the same.
 */
import { throwIfCancelled, type Answer, type CallOptions } from "../engine/transport.ts";
import { requireInstance } from "./instances.ts";
import { asMobileTokenError, errorOf, MobileTokenError } from "./MobileTokenError.ts";
import type { PowerAuth } from "./PowerAuth.ts";
import { PowerAuthAuthentication } from "./PowerAuthAuthentication.ts";

/** Settings shared by the services; may be changed at any time. */
export interface ConnectionSettings {
  acceptLanguage: string;
  userAgent: string;
}

export interface Connection {
  readonly powerAuth: PowerAuth;
  readonly settings: ConnectionSettings;
}

const tokenName = "possession_universal";
const unauthorized = 401;

/**
 * Proved by possession through a token, which is made when there is none. When the server does not accept the one that is
 * there, another one is made, once: the server may have forgotten it, or the clocks had drifted apart.
 */
export async function callWithToken(
  connection: Connection,
  path: string,
  requestObject: unknown,
  options: CallOptions | undefined,
): Promise<unknown> {
  return translated(async () => {
    const { tokenStore } = connection.powerAuth;
    const body = encode(requestObject);
    const send = async (): Promise<Answer> => {
      await tokenStore.requestAccessToken(tokenName, PowerAuthAuthentication.possession(), options);
      const header = await tokenStore.generateHeaderForToken(tokenName, options);
      return post(connection, path, body, header, options);
    };
    const wasThere = await tokenStore.hasLocalToken(tokenName);
    const answer = await send();
    if (answer.status !== unauthorized || !wasThere) return open(answer);
    await tokenStore.removeLocalToken(tokenName);
    return open(await send());
  });
}

/** Proved by a signature over exactly the bytes that are sent, in turn with all other signed calls. Never repeated. */
export async function callWithSignature(
  connection: Connection,
  path: string,
  uriId: string,
  requestObject: unknown,
  authentication: PowerAuthAuthentication,
  options: CallOptions | undefined,
): Promise<unknown> {
  return translated(async () => {
    const { powerAuth } = connection;
    const body = encode(requestObject);
    const answer = await powerAuth.serial(async () => {
      throwIfCancelled(options);
      const header = await powerAuth.requestSignature(authentication, "POST", uriId, body);
      return post(connection, path, body, header, options);
    });
    return open(answer);
  });
}

function encode(requestObject: unknown): string {
  try {
    return JSON.stringify(requestObject === undefined ? {} : { requestObject });
  } catch (cause) {
    throw new MobileTokenError("network_invalidRequestObject", "The request cannot be written as JSON", {
      originalException: cause,
    });
  }
}

async function post(
  { powerAuth, settings }: Connection,
  path: string,
  body: string,
  header: { readonly key: string; readonly value: string },
  options: CallOptions | undefined,
): Promise<Answer> {
  const headers = {
    "Accept-Language": settings.acceptLanguage,
    "User-Agent": settings.userAgent,
    [header.key]: header.value,
  };
  return requireInstance(powerAuth.instanceId).device.transport.post(path, body, headers, options);
}

function open(answer: Answer): unknown {
  const error = errorOf(answer);
  if (error !== undefined) throw error;
  return (answer.json as { responseObject?: unknown }).responseObject;
}

async function translated<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw asMobileTokenError(error);
  }
}
