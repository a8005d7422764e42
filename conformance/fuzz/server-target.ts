/** Targets that are a running server: how a request is sent, what every answer has to be, and what counts as slow. */
import { type Agent, request as send } from "node:http";
import fc from "fast-check";
import { mostMs } from "../../tools/fuzz/inputs.ts";
import type { Json, Request } from "./requests.ts";
import { type Outcome, shortened, type Target } from "./target.ts";

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

export type Exchange = (url: string, request: Request) => Promise<Answer>;

export function exchanger(agent: Agent): Exchange {
  return exchange;

  function exchange(url: string, request: Request): Promise<Answer> {
    const { method, path, query, headers, body } = request;
    return new Promise((resolve, reject) => {
      // Longer than this, Node refuses the head and closes the connection.
      const search = new URLSearchParams(query).toString().slice(0, 4000);
      const target = new URL(url);
      const outgoing = send(
        {
          agent,
          host: target.hostname,
          port: target.port,
          method,
          path: `${path}${search === "" ? "" : `?${search}`}`,
          headers: {
            ...headers,
            ...(body !== undefined && {
              "content-type": "application/json",
              "content-length": Buffer.byteLength(body),
            }),
          },
        },
        (incoming) => {
          const parts: Buffer[] = [];
          incoming.on("data", (part: Buffer) => parts.push(part));
          incoming.on("error", reject);
          incoming.on("end", () =>
            resolve({
              status: incoming.statusCode ?? 0,
              type: incoming.headers["content-type"] ?? "",
              body: Buffer.concat(parts).toString("utf8"),
            }),
          );
        },
      );
      outgoing.on("error", (error: NodeJS.ErrnoException) => {
        // A connection that was kept and idle for long: the server may have closed it as we sent.
        if (outgoing.reusedSocket && error.code === "ECONNRESET") resolve(exchange(url, request));
        else reject(new Error(`${error.message}: ${method} ${shortened({ path, query, body }, 600)}`));
      });
      outgoing.end(body);
    });
  }
}

export interface Checked {
  readonly accepted: boolean;
  readonly whole: Request;
  /** CPU of this thread, ms, where not all of the check was the request. */
  readonly ms?: number;
  readonly wrong?: string;
}

/** Slow is what is slow three times over; the sum of client and server on this thread counts. */
export function serverTarget<Input>(
  name: string,
  share: number,
  inputs: fc.Arbitrary<Input>,
  check: (input: Input) => Promise<Checked>,
): Target {
  return {
    name,
    share,
    async run(numRuns, seed): Promise<Outcome> {
      let accepted = 0;
      let slowest = { ms: 0, input: "" };
      const property = fc.asyncProperty(inputs, async (input) => {
        let ms = Number.POSITIVE_INFINITY;
        let last: Checked | undefined;
        for (let attempt = 0; attempt < 3 && ms > mostMs; attempt++) {
          const spent = cpu();
          last = await check(input);
          ms = Math.min(ms, last.ms ?? spent());
        }
        const { whole, wrong } = last!;
        const { method, path, query, headers, body } = whole;
        if (ms > slowest.ms) slowest = { ms, input: shortened({ method, path, query, body }) };
        if (last!.accepted) accepted++;
        const sent = `${method} ${path} ${shortened({ query, headers: { ...headers, authorization: undefined }, body }, 4000)}`;
        if (wrong !== undefined) throw new Error(`${wrong}\n  ${sent}`);
        if (ms > mostMs) throw new Error(`took ${ms} ms\n  ${sent}`);
      });
      const details = await fc.check(property, { numRuns, seed });
      if (!details.failed) return { passed: numRuns, failures: [], accepted, slowest };
      const error = details.errorInstance instanceof Error ? details.errorInstance.message : "";
      const failure = `${error}\n  seed ${seed}, path ${details.counterexamplePath}`;
      return { passed: details.numRuns - 1, failures: [failure], accepted, slowest };
    },
  };
}

/** Starts a measurement of this thread's CPU, ms. */
export function cpu(): () => number {
  const started = process.threadCpuUsage();
  return () => {
    const { user, system } = process.threadCpuUsage(started);
    return (user + system) / 1000;
  };
}

/** Every refusal has the form of its surface and a stable code; no answer is a server error. */
export function wrongWith({ status, type }: Answer, json: unknown, form: "problem" | "envelope"): string | undefined {
  if (status >= 500 || status === 0) return "server error";
  if (status === 204) return undefined;
  if (json === undefined) return "no JSON";
  if (status < 300) return undefined;
  if (status < 400) return "redirect";
  const { code, responseObject } = json as { code?: unknown; responseObject?: { code?: unknown } };
  // An address that does not exist belongs to neither.
  const isProblem = typeof code === "string" && type.startsWith("application/problem+json");
  const isEnvelope = typeof responseObject?.code === "string";
  if (status === 404 && (isProblem || isEnvelope)) return undefined;
  return (form === "problem" ? isProblem : isEnvelope) ? undefined : "not a refusal of this surface";
}

export function jsonOf({ status, body }: Answer): unknown {
  return status === 204 && body === "" ? null : parsed(body);
}

export function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
