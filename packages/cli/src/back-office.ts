/** The back-office API in PowerAuth form, as far as this command uses it: one POST, one envelope each way. */
import type { Connection } from "./connection.ts";
import { Failure } from "./failure.ts";

export type BackOffice = <Answer>(path: string, requestObject?: unknown) => Promise<Answer>;

const timeoutMs = 30_000;

/** Throws `Failure` with the code of the server, or `unreachable`. */
export function backOffice(connection: Connection, send: typeof fetch = fetch): BackOffice {
  return async <Answer>(path: string, requestObject: unknown = {}) => {
    const { response, text } = await ask(connection, send, "POST", `/rest/v3${path}`, { requestObject });
    const envelope = envelopeOf(text);
    if (response.ok && envelope?.status === "OK") return (envelope.responseObject ?? {}) as Answer;
    throw refused(response.status, envelope?.responseObject, connection.privateUrl);
  };
}

/** One exchange with the private API. Throws `Failure` `unreachable` where no answer comes. */
export async function ask(
  { privateUrl, clientId, clientSecret }: Connection,
  send: typeof fetch,
  method: string,
  path: string,
  body: object | undefined,
): Promise<{ readonly response: Response; readonly text: string }> {
  const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`;
  try {
    const response = await send(privateUrl + path, {
      method,
      redirect: "error",
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        authorization,
        accept: "application/json",
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { response, text: await response.text() };
  } catch (cause) {
    throw new Failure("unavailable", "unreachable", `No answer from ${privateUrl}.`, {
      hint: "is the server running?",
      cause,
    });
  }
}

interface Envelope {
  readonly status?: unknown;
  readonly responseObject?: unknown;
}

function refused(status: number, object: unknown, privateUrl: string): Failure {
  const { code, message } = (typeof object === "object" && object !== null ? object : {}) as Record<string, unknown>;
  if (typeof code !== "string") {
    const exit = status >= 500 ? "unavailable" : "failed";
    return new Failure(exit, "response-malformed", `${privateUrl} answered ${status}, not as Countersign would.`);
  }
  const hint = status === 401 ? "check --bootstrap, or --client-id and COUNTERSIGN_CLIENT_SECRET" : undefined;
  const text = typeof message === "string" ? message : code;
  return new Failure(status >= 500 ? "unavailable" : "failed", code, text, hint === undefined ? {} : { hint });
}

function envelopeOf(text: string): Envelope | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
