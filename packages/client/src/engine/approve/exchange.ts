/**
 * HTTP with a server of the Approve protocol: one JSON text each way, within a limited time and size. Only what changes
 * nothing is repeated, and only when the server was not reached.
 */
import { fromUtf8 } from "@countersign/protocol/bytes";
import { spread, wait } from "../../platform/timers.ts";
import { trace } from "../../platform/trace.ts";
import { isRecord, readLimited, startDeadline } from "../transport.ts";
import { learnTime } from "./clock.ts";
import type { ApproveDevice, Connection } from "./device.ts";
import { ApproveError, isServerCode } from "./errors.ts";

export interface Call {
  readonly iss: string;
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** From `/approve/v1` on. */
  readonly path: string;
  /** The very characters; none for a call without a body. */
  readonly body?: string | undefined;
  /** Made anew for each try. */
  readonly headers?: (() => Promise<Readonly<Record<string, string>>>) | undefined;
}

type Surroundings = Pick<ApproveDevice, "random" | "timers" | "nonces" | "now" | "ahead" | "language">;

const firstPause = 250;

/** The object of a 2xx answer. Throws the server's code, `refused`, `network`, `message-wrong`, `parameter-invalid`. */
export async function send(
  device: Surroundings,
  connection: Connection,
  call: Call,
): Promise<Readonly<Record<string, unknown>>> {
  requireSafe(call.iss);
  const { status, text } = await exchange(device, connection, call);
  const json = parse(text);
  if (status >= 200 && status < 300) {
    if (status === 204) return {};
    if (isRecord(json)) return json;
    throw new ApproveError("message-wrong", "The answer is not a JSON object");
  }
  const code = isRecord(json) ? json.code : undefined;
  if (isServerCode(code)) throw new ApproveError(code, messageOf(json, code));
  if (status >= 500) throw new ApproveError("network", `The server answered ${status}`);
  throw new ApproveError("refused", `The server answered ${status}${typeof code === "string" ? ` ${code}` : ""}`);
}

/** `send` for what changes nothing at the server. */
export async function ask(device: Surroundings, connection: Connection, call: Call) {
  for (let left = connection.retries, pause = firstPause; ; left--, pause *= 2) {
    try {
      return await send(device, connection, call);
    } catch (error) {
      const passing = error instanceof ApproveError && (error.code === "network" || error.code === "unavailable");
      if (!passing || left <= 0) throw error;
    }
    await wait(device, spread(device, pause), undefined);
  }
}

async function exchange(device: Surroundings, connection: Connection, call: Call) {
  const deadline = startDeadline(connection.timeout, undefined);
  const run = async () => {
    const response = await connection.fetch(call.iss + call.path, {
      method: call.method,
      redirect: "error",
      credentials: "omit",
      cache: "no-store",
      signal: deadline.signal,
      headers: {
        Accept: "application/json",
        ...(device.language !== undefined && { "Accept-Language": device.language }),
        ...(call.body !== undefined && { "Content-Type": "application/json" }),
        ...(await call.headers?.()),
      },
      ...(call.body !== undefined && { body: call.body }),
    });
    learnFrom(device, call.iss, response.headers);
    return { status: response.status, text: await readLimited(response) };
  };
  try {
    const answer = await Promise.race([run(), deadline.over]);
    trace({ type: "exchange", path: call.path, outcome: answer.status });
    return answer;
  } catch (cause) {
    // What making the headers threw is no matter of the network.
    if (cause instanceof ApproveError || isNamed(cause, "VaultError")) throw cause;
    trace({ type: "exchange", path: call.path, outcome: "network" });
    throw new ApproveError("network", "The server could not be reached", { cause });
  } finally {
    deadline.stop();
  }
}

/** What every answer tells beside its content: the time, and the nonce of the next proof. */
export function learnFrom(
  device: Pick<ApproveDevice, "nonces" | "now" | "ahead">,
  iss: string,
  headers: Headers,
): void {
  learnTime(device, iss, headers.get("date"));
  const nonce = headers.get("dpop-nonce");
  if (nonce !== null) device.nonces.set(iss, { nonce, at: device.now() });
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}

/** Plain http is for a server on this very machine. */
export function requireSafe(iss: string): void {
  if (!URL.canParse(iss)) throw new ApproveError("parameter-invalid", "The address of the server is none");
  const { protocol, hostname } = new URL(iss);
  const isHere = ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
  if (protocol === "https:" || (protocol === "http:" && isHere)) return;
  throw new ApproveError("parameter-invalid", "The address of the server is not https");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The server's own words, for a rule that a person should read (APV-ENR-8). */
function messageOf(json: unknown, code: string): string {
  const detail = isRecord(json) ? (json.detail ?? json.title) : undefined;
  return typeof detail === "string" && detail.length <= 500 ? detail : code;
}

/** A body that is kept as bytes and sent as text: they are the same for UTF-8. */
export function textOf(bytes: Uint8Array): string {
  const text = fromUtf8(bytes);
  if (text === undefined) throw new TypeError("Not UTF-8");
  return text;
}
