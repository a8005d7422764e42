/** Requests as a campaign sends them: kept-alive connections, and an answer or the fact that none came. */
import { Agent, request } from "node:http";

export interface Answered {
  readonly status: number;
  /** Parsed JSON, undefined when the body is none. */
  readonly json: unknown;
}

/** The connection ended or the time ran out: whether the server did what was asked is not known. */
export interface Lost {
  readonly lost: string;
}

export type Answer = Answered | Lost;

export interface Call {
  readonly method?: "GET" | "POST" | "PUT";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is, with the type of JSON. */
  readonly body?: string;
}

const patience = 20_000;
const agent = new Agent({ keepAlive: true, maxSockets: 512, maxFreeSockets: 512 });

/** Callers spread over loopback addresses: a campaign is about guesses and races, not about the limit of one address. */
const addresses = 64;
let requests = 0;

export function send({ method = "POST", url, headers = {}, body }: Call): Promise<Answer> {
  return new Promise((resolve) => {
    const sent = request(url, {
      agent,
      localAddress: `127.0.1.${1 + (requests++ % addresses)}`,
      method,
      timeout: patience,
      headers: {
        ...headers,
        ...(body !== undefined && {
          "content-type": "application/json",
          "content-length": String(Buffer.byteLength(body)),
        }),
      },
    });
    const lost = (error: Error & { code?: string }): void => resolve({ lost: error.code ?? error.message });
    sent.once("timeout", () => sent.destroy(new Error("no answer in time")));
    sent.once("error", lost);
    sent.once("response", (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.once("error", lost);
      response.once("aborted", () => resolve({ lost: "aborted" }));
      response.once("end", () => resolve({ status: response.statusCode ?? 0, json: parsed(Buffer.concat(parts)) }));
    });
    sent.end(body);
  });
}

/** Lets go of connections to servers that are gone. */
export function closeConnections(): void {
  agent.destroy();
}

export function isLost(answer: Answer): answer is Lost {
  return "lost" in answer;
}

/** A member of the answer's JSON, by its path; undefined where the path leaves objects. */
export function memberOf(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (found, name) =>
      typeof found === "object" && found !== null ? (found as Record<string, unknown>)[name] : undefined,
    value,
  );
}

export function textOf(value: unknown, ...path: readonly string[]): string {
  const found = memberOf(value, ...path);
  if (typeof found !== "string") throw new Error(`No text at ${path.join(".")} of an answer`);
  return found;
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}
