/**
 * One exchange with the private API: credentials, time limit, JSON both ways, problem details as typed errors. It
 * decides nothing about trying again; that depends on what was asked, so it is the caller's.
 */
import { toBase64, utf8 } from "@countersign/protocol/bytes";
import { RelyingPartyError } from "./errors.ts";

export interface Connection {
  /** Address of the private listener. Never give it to a browser: the credentials go with every request. */
  readonly privateUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly fetch?: typeof fetch;
  /** Milliseconds for one attempt. Default: 10 000. */
  readonly attemptTimeoutMs?: number;
}

export interface Exchange {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Below the private URL, with its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds beyond the usual, for an answer that is meant to take its time. */
  readonly extraMs?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly json: unknown;
}

/** Resolves with a successful answer. Throws `RelyingPartyError` for everything else. */
export async function exchange(connection: Connection, { method, path, ...more }: Exchange): Promise<Answer> {
  const limit = AbortSignal.timeout((connection.attemptTimeoutMs ?? 10_000) + (more.extraMs ?? 0));
  const signal = more.signal === undefined ? limit : AbortSignal.any([limit, more.signal]);
  const { clientId, clientSecret, privateUrl } = connection;
  const send = connection.fetch ?? globalThis.fetch;
  let response: Response;
  let text: string;
  try {
    response = await send(privateUrl.replace(/\/+$/, "") + path, {
      method,
      signal,
      // A redirect would carry the credentials to wherever it points.
      redirect: "error",
      headers: {
        accept: "application/json",
        authorization: `Basic ${toBase64(utf8(`${clientId}:${clientSecret}`))}`,
        ...(more.body !== undefined && { "content-type": "application/json" }),
        ...more.headers,
      },
      ...(more.body !== undefined && { body: JSON.stringify(more.body) }),
    });
    text = await response.text();
  } catch (cause) {
    throw unanswered(cause, limit, more.signal);
  }
  // Where there is nothing to say, there is no body.
  const json = response.status === 204 ? null : parse(text);
  if (response.ok && json !== undefined) return { status: response.status, headers: response.headers, json };
  throw refusedBy(response.status, json);
}

function unanswered(cause: unknown, limit: AbortSignal, given: AbortSignal | undefined): RelyingPartyError {
  if (given?.aborted === true) return new RelyingPartyError("cancelled", "The call was cancelled", { cause });
  if (limit.aborted) return new RelyingPartyError("timeout", "No answer came in time", { cause });
  return new RelyingPartyError("unreachable", "The server could not be reached", { cause });
}

/** Problem details (RFC 9457) with our `code`; whatever else answered is not the API. */
function refusedBy(status: number, json: unknown): RelyingPartyError {
  const { code, title, detail } = (typeof json === "object" && json !== null ? json : {}) as Record<string, unknown>;
  if (status < 400 || typeof code !== "string") {
    return new RelyingPartyError("response-malformed", `The answer ${status} is not one of Countersign's API`, {
      status,
    });
  }
  const message = typeof title === "string" ? title : code;
  return new RelyingPartyError(code, message, { status, ...(typeof detail === "string" && { detail }) });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
