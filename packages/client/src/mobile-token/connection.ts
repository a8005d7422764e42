/**
 * How the services of a Mobile Token talk to the server: envelope in, envelope out, proved by a token or by a signature.
 *
 * Only members of the `PowerAuth` face are used for both proofs, so that what an application may do by hand and what
 * the services do is the same.
 */
import type { Device } from "../engine/device.ts";
import { throwIfCancelled, type Answer, type CallOptions, type OpenStream } from "../engine/transport.ts";
import type { DecisionAction } from "./errors/codes.ts";
import { requireInstance } from "./instances.ts";
import { MobileTokenLogger } from "./logging/MobileTokenLogger.ts";
import { redactedBody } from "./logging/redaction.ts";
import { asMobileTokenError, errorOf, MobileTokenError } from "./MobileTokenError.ts";
import type { PowerAuth } from "./PowerAuth.ts";
import { PowerAuthAuthentication } from "./PowerAuthAuthentication.ts";
import { UserAgent } from "./UserAgent.ts";

/**
 * May add to the headers of a request, or give other ones. What proves the request is added afterwards, and the body
 * cannot be changed: it is what was signed.
 */
export type RequestProcessor = (headers: Record<string, string>) => Record<string, string> | void;

/** What a caller may say about one call of a service. */
export interface MobileTokenCallOptions extends CallOptions {
  /** After the service's own. */
  readonly requestProcessor?: RequestProcessor | undefined;
}

/** Settings of one service; may be changed at any time. */
export interface ConnectionSettings {
  acceptLanguage: string;
  userAgent: UserAgent;
  requestProcessor: RequestProcessor | undefined;
}

export interface Connection {
  readonly powerAuth: PowerAuth;
  /** Where the services are, when it is not where PowerAuth is. */
  readonly baseUrl: string | undefined;
  readonly settings: ConnectionSettings;
}

/** An envelope with status OK. */
export interface Envelope {
  readonly responseObject?: unknown;
  readonly currentTimestamp?: unknown;
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
  options: MobileTokenCallOptions | undefined,
): Promise<unknown> {
  return (await exchangeWithToken(connection, path, requestObject, options, false)).responseObject;
}

/** `callWithToken` for what may be asked any number of times: repeated after failures that pass. The whole envelope. */
export function readWithToken(
  connection: Connection,
  path: string,
  requestObject: unknown,
  options: MobileTokenCallOptions | undefined,
): Promise<Envelope> {
  return exchangeWithToken(connection, path, requestObject, options, true);
}

function exchangeWithToken(
  connection: Connection,
  path: string,
  requestObject: unknown,
  options: MobileTokenCallOptions | undefined,
  isRepeatable: boolean,
): Promise<Envelope> {
  return translated(async () => {
    const body = encode(requestObject);
    const header = () => tokenHeader(connection, options);
    const method = isRepeatable ? "ask" : "post";
    return open(await withToken(connection, options, () => send(connection, method, path, body, header, options)));
  });
}

/** A stream of the server's, proved by a token. Any status is an answer. */
export function openWithToken(connection: Connection, path: string, options: CallOptions): Promise<OpenStream> {
  return translated(() =>
    withToken(connection, options, async () => {
      const { device } = requireInstance(connection.powerAuth.instanceId);
      const headers = headersOf(connection, device, await tokenHeader(connection, options), options);
      return device.transport.open((connection.baseUrl ?? "") + path, headers, options);
    }),
  );
}

/** `attempt` makes a header for each request of its own. */
async function withToken<T extends { readonly status: number }>(
  connection: Connection,
  options: CallOptions | undefined,
  attempt: () => Promise<T>,
): Promise<T> {
  const { tokenStore } = connection.powerAuth;
  const makeSure = () => tokenStore.requestAccessToken(tokenName, PowerAuthAuthentication.possession(), options);
  const wasThere = await tokenStore.hasLocalToken(tokenName);
  await makeSure();
  const answer = await attempt();
  if (answer.status !== unauthorized || !wasThere) return answer;
  MobileTokenLogger.info("The token was not accepted: another one is made");
  await tokenStore.removeLocalToken(tokenName);
  await makeSure();
  return attempt();
}

function tokenHeader({ powerAuth }: Connection, options: CallOptions | undefined): Promise<Header> {
  return powerAuth.tokenStore.generateHeaderForToken(tokenName, options);
}

/** Proved by a signature over exactly the bytes that are sent, in turn with all other signed calls. Never repeated. */
export async function callWithSignature(
  connection: Connection,
  path: string,
  uriId: string,
  requestObject: unknown,
  authentication: PowerAuthAuthentication,
  options: MobileTokenCallOptions | undefined,
  action?: DecisionAction,
): Promise<unknown> {
  return translated(async () => {
    const { powerAuth } = connection;
    const body = encode(requestObject);
    const answer = await powerAuth.serial(async () => {
      throwIfCancelled(options);
      const header = await powerAuth.requestSignature(authentication, "POST", uriId, body);
      return send(connection, "post", path, body, async () => header, options);
    });
    return open(answer, action).responseObject;
  });
}

export interface Header {
  readonly key: string;
  readonly value: string;
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

/** `ask` may send it more than once, with a header of its own each time. */
async function send(
  connection: Connection,
  method: "post" | "ask",
  path: string,
  body: string,
  header: () => Promise<Header>,
  options: MobileTokenCallOptions | undefined,
): Promise<Answer> {
  const { device } = requireInstance(connection.powerAuth.instanceId);
  const headers = async () => headersOf(connection, device, await header(), options);
  const address = (connection.baseUrl ?? "") + path;
  MobileTokenLogger.debug(() => `POST ${path} ${redactedBody(body)}`);
  const started = device.now();
  const { transport } = device;
  const answer =
    method === "ask"
      ? await transport.ask(address, body, headers, options)
      : await transport.post(address, body, await headers(), options);
  MobileTokenLogger.debug(
    () => `${answer.status} in ${device.now() - started} ms ${path} ${redactedBody(answer.body)}`,
  );
  return answer;
}

export function headersOf(
  { settings }: Connection,
  device: Device,
  header: Header,
  options: MobileTokenCallOptions | undefined,
): Record<string, string> {
  const agent = UserAgent.headerOf(settings.userAgent, device.platform, device.deviceInfo);
  let headers: Record<string, string> = {
    "Accept-Language": settings.acceptLanguage,
    ...(agent !== undefined && { "User-Agent": agent }),
  };
  for (const process of [settings.requestProcessor, options?.requestProcessor]) {
    headers = process?.(headers) ?? headers;
  }
  return { ...headers, [header.key]: header.value };
}

function open(answer: Answer, action?: DecisionAction): Envelope {
  const error = errorOf(answer, action);
  if (error !== undefined) throw error;
  return answer.json as Envelope;
}

async function translated<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const failure = asMobileTokenError(error);
    MobileTokenLogger.info(() => summary(failure));
    throw failure;
  }
}

/** No text of the server's: it may be about a person. */
function summary({ reason, httpStatusCode, responseError, powerAuthErrorCode, detail }: MobileTokenError): string {
  const facts = [reason, httpStatusCode, responseError?.code, powerAuthErrorCode, detail];
  return `A call failed: ${facts.filter((fact) => fact !== undefined).join(" · ")}`;
}
