/** Our own private API, `/v1`, as far as this command uses it: JSON each way, problem details where it refuses. */
import type { Connection } from "./connection.ts";
import { Failure } from "./failure.ts";

export type PrivateApi = <Answer>(method: string, path: string, body?: object) => Promise<Answer>;

const timeoutMs = 30_000;

/** Throws `Failure` with the code of the server, or `unreachable`. */
export function privateApi(connection: Connection, send: typeof fetch = fetch): PrivateApi {
  const { privateUrl, clientId, clientSecret } = connection;
  const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`;
  return async <Answer>(method: string, path: string, body?: object) => {
    let response: Response;
    let text: string;
    try {
      response = await send(`${privateUrl}/v1${path}`, {
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
      text = await response.text();
    } catch (cause) {
      throw new Failure("unavailable", "unreachable", `No answer from ${privateUrl}.`, {
        hint: "is the server running?",
        cause,
      });
    }
    if (response.status === 204) return undefined as Answer;
    const members = objectOf(text);
    if (response.ok && members !== undefined) return members as Answer;
    throw refused(response.status, members, privateUrl);
  };
}

function refused(status: number, members: Record<string, unknown> | undefined, privateUrl: string): Failure {
  const { code, title, detail } = members ?? {};
  const exit = status >= 500 ? "unavailable" : "failed";
  if (typeof code !== "string") {
    return new Failure(exit, "response-malformed", `${privateUrl} answered ${status}, not as Countersign would.`);
  }
  const hint = status === 401 ? "check --bootstrap, or --client-id and COUNTERSIGN_CLIENT_SECRET" : undefined;
  const text = [detail, title, code].find((one) => typeof one === "string") as string;
  return new Failure(exit, code, text, hint === undefined ? {} : { hint });
}

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
