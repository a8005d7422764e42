/**
 * A load generator that costs little itself: prebuilt requests over keep-alive sockets, one request in flight for each.
 * Measures latency per request; the CPU of the server is measured by `cpu.ts`, from outside.
 */
import { connect } from "node:net";

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Milliseconds, ascending. */
  readonly latencies: Float64Array;
  /** Answers by HTTP status. */
  readonly statuses: ReadonlyMap<number, number>;
}

/** The next request of connection `worker`, or undefined when it has none left. */
export type RequestSource = (worker: number) => Buffer | undefined;

/** Sends until every source is dry. `answered` sees each answer before the next request of that connection leaves. */
export async function load(
  target: { readonly host: string; readonly port: number },
  connections: number,
  source: RequestSource,
  answered: (worker: number, status: number, body: string) => void = () => undefined,
): Promise<LoadResult> {
  const latencies: number[] = [];
  const statuses = new Map<number, number>();
  const started = performance.now();
  await Promise.all(Array.from({ length: connections }, (_, worker) => runConnection(worker)));
  const seconds = (performance.now() - started) / 1000;
  return { requests: latencies.length, seconds, latencies: Float64Array.from(latencies).sort(), statuses };

  function runConnection(worker: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect(target.port, target.host);
      socket.setNoDelay(true);
      let sentAt = 0;
      let received = "";
      const next = () => {
        const request = source(worker);
        if (request === undefined) return socket.end(() => resolve());
        sentAt = performance.now();
        socket.write(request);
      };
      socket.on("connect", next);
      socket.on("error", reject);
      socket.on("data", (part) => {
        received += part.toString("latin1");
        const answer = wholeAnswer(received);
        if (answer === undefined) return;
        latencies.push(performance.now() - sentAt);
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        answered(worker, answer.status, answer.body);
        received = "";
        next();
      });
    });
  }
}

function wholeAnswer(text: string): { status: number; body: string } | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const head = text.slice(0, end);
  const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
  if (text.length < end + 4 + length) return undefined;
  return { status: Number(head.slice(9, 12)), body: text.slice(end + 4) };
}

export function httpRequest(
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  type = "application/json",
): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${lines.join("")}\r\n`;
  return Buffer.from(head + body);
}

export function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
