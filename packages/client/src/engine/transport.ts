/**
 * HTTP for the device: POST of a JSON text, an answer of limited size within a limited time, typed failures.
 *
 * It signs nothing and follows no redirect. Only `ask` repeats, for calls that change nothing at the server: a signed
 * request that was repeated would need a new signature, and nobody could tell whether the first one had been carried out.
 */
import type { RandomBytes } from "@countersign/protocol/bytes";
import { spread, wait, type Timers } from "../platform/timers.ts";
import { trace } from "../platform/trace.ts";
import { EngineError, type Refusal } from "./errors.ts";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface TransportConfiguration {
  /** The part of each address before `/pa/…` and `/api/…`, without a slash at its end. */
  readonly baseUrl: string;
  /** Permits `http:`. Certificates stay checked; to leave that out, inject another fetch. */
  readonly allowUnsecureTraffic: boolean;
  /** Milliseconds for a whole exchange, connecting and reading. */
  readonly timeout: number;
  /** Sent with each request, except where the device has a header of that name itself. */
  readonly headers: Readonly<Record<string, string>>;
  /** In their order, before each request. */
  readonly interceptors: readonly RequestInterceptor[];
}

/** May add, change or take away headers of the application's own. What the device itself sends is not among them. */
export type RequestInterceptor = (request: {
  readonly url: string;
  readonly headers: Record<string, string>;
}) => void | Promise<void>;

/** What a caller may say about one call. */
export interface CallOptions {
  /** Ends the call with `cancelled`. A signature that was computed for it stays spent. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds, instead of the configured time. */
  readonly timeout?: number | undefined;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  /** The parsed body; undefined when it is no JSON. */
  readonly json: unknown;
}

/** A stream that the server keeps open. */
export interface OpenStream {
  readonly status: number;
  /** Undefined where the platform has no streams, or the answer is no event stream. */
  readonly chunks: AsyncIterable<string> | undefined;
  close(): void;
}

/**
 * A path follows the base address; or it is a whole address of its own, to which none of the configured headers and
 * interceptors apply.
 */
export interface Transport {
  /** Throws `insecure-url`, `network`, `timeout`, `cancelled`, `response-too-large`. Any status is an answer. */
  post(path: string, body: string, headers: Headers, options?: CallOptions): Promise<Answer>;
  /**
   * `post` for what changes nothing: when the server is out of reach, or says 502, 503 or 504, it is asked up to two more
   * times after a pause, each time with headers made anew. Throws what the last try throws.
   */
  ask(path: string, body: string, headers: () => Promise<Headers>, options?: CallOptions): Promise<Answer>;
  /** GET of an event stream. The time limit is for the headers of the answer; the signal ends the stream as well. */
  open(path: string, headers: Headers, options?: CallOptions): Promise<OpenStream>;
  /** Ends what is under way with `cancelled`. Later calls run. */
  cancelAll(): void;
}

type Headers = Readonly<Record<string, string>>;

export interface TransportSurroundings {
  readonly fetch: Fetch;
  readonly random: RandomBytes;
  readonly timers: Timers;
}

const responseLimit = 4 * 1024 * 1024;
const pauses: readonly (number | undefined)[] = [250, 1_000, undefined];
const passing: readonly number[] = [502, 503, 504];

export function createTransport(surroundings: TransportSurroundings, configuration: TransportConfiguration): Transport {
  const { fetch } = surroundings;
  const running = new Set<() => void>();

  /** One exchange, with its time limit. `end` when it is over. */
  function start(path: string, options: CallOptions) {
    const isWhole = /^https?:/i.test(path);
    const url = isWhole ? path : configuration.baseUrl + path;
    if (!isPermitted(url, configuration)) throw new EngineError("insecure-url", "The address is not https");
    const deadline = startDeadline(options.timeout ?? configuration.timeout, options.signal);
    running.add(deadline.cancel);
    return {
      url,
      deadline,
      headers: (own: Headers) => addHeaders(isWhole ? undefined : configuration, url, own),
      end() {
        running.delete(deadline.cancel);
        deadline.stop();
      },
      failure(cause: unknown): EngineError {
        const unreachable = () => new EngineError("network", "The server could not be reached", { cause });
        const error = cause instanceof EngineError ? cause : (deadline.reason() ?? unreachable());
        trace({ type: "exchange", path, outcome: error.code });
        return error;
      },
    };
  }

  async function post(path: string, body: string, headers: Headers, options: CallOptions = {}): Promise<Answer> {
    const { url, deadline, ...call } = start(path, options);
    const own = { "Content-Type": "application/json", Accept: "application/json", ...headers };
    const run = async () => exchange(fetch, url, body, await call.headers(own), deadline.signal);
    try {
      const answer = await Promise.race([run(), deadline.over]);
      trace({ type: "exchange", path, outcome: answer.status });
      return answer;
    } catch (cause) {
      throw call.failure(cause);
    } finally {
      call.end();
    }
  }

  return {
    post,
    async ask(path, body, headers, options) {
      for (const pause of pauses) {
        throwIfCancelled(options);
        try {
          const answer = await post(path, body, await headers(), options);
          if (pause === undefined || !passing.includes(answer.status)) return answer;
        } catch (error) {
          if (pause === undefined || !(error instanceof EngineError) || error.code !== "network") throw error;
        }
        await wait(surroundings, spread(surroundings, pause), options?.signal);
      }
      throw new RangeError("The last try has no pause");
    },
    async open(path, headers, options = {}) {
      const { url, deadline, ...call } = start(path, options);
      try {
        const all = await call.headers({ Accept: "text/event-stream", ...headers });
        const response = await Promise.race([
          fetch(url, { ...asked("GET", all), signal: deadline.signal }),
          deadline.over,
        ]);
        trace({ type: "exchange", path, outcome: response.status });
        return streamOf(response, deadline, call);
      } catch (cause) {
        call.end();
        throw call.failure(cause);
      }
    },
    cancelAll() {
      for (const cancel of running) cancel();
    },
  };
}

/** No header of an application's stands beside one of the device's under another spelling: servers would join the two. */
async function addHeaders(
  configuration: Pick<TransportConfiguration, "headers" | "interceptors"> | undefined,
  url: string,
  own: Headers,
): Promise<Record<string, string>> {
  const added = { ...configuration?.headers };
  for (const intercept of configuration?.interceptors ?? []) await intercept({ url, headers: added });
  const merged: Record<string, string> = { ...own };
  const taken = new Set(Object.keys(merged).map((name) => name.toLowerCase()));
  for (const [name, value] of Object.entries(added)) if (!taken.has(name.toLowerCase())) merged[name] = value;
  return merged;
}

export const noHeaders = async (): Promise<Headers> => ({});

/** Throws `cancelled` when the caller has given up, for example while it waited for its turn. */
export function throwIfCancelled(options: CallOptions | undefined): void {
  if (options?.signal?.aborted === true) throw cancelled();
}

/** The object inside a standard envelope. Throws `unauthorized`, `refused`, `response-malformed`. */
export function responseObject(answer: Answer): Record<string, unknown> {
  const envelope = successfulJson(answer);
  const object = isRecord(envelope) && envelope.status === "OK" ? envelope.responseObject : undefined;
  if (isRecord(object)) return object;
  throw new EngineError("response-malformed", "The answer is not the expected envelope", {
    refusal: refusalOf(answer),
  });
}

/** The parsed body of a successful answer, whatever its shape. Throws as `responseObject`. */
export function successfulJson(answer: Answer): unknown {
  requireSuccess(answer);
  if (answer.json !== undefined) return answer.json;
  throw new EngineError("response-malformed", "The answer is not JSON", { refusal: refusalOf(answer) });
}

/** Throws `unauthorized` for 401 and `refused` for any other status that is no success, or an error envelope. */
export function requireSuccess(answer: Answer): void {
  const isError = isRecord(answer.json) && answer.json.status === "ERROR";
  if (answer.status >= 200 && answer.status < 300 && !isError) return;
  const refusal = refusalOf(answer);
  const code = answer.status === 401 ? "unauthorized" : "refused";
  throw new EngineError(code, `The server answered ${answer.status} ${refusal.code ?? ""}`.trimEnd(), { refusal });
}

/** Code and message of an error envelope, where the body is one. */
export function refusalOf(answer: Answer): Refusal {
  const { status, body, json } = answer;
  const object = isRecord(json) ? json.responseObject : undefined;
  if (!isRecord(object) || typeof object.code !== "string") return { status, body };
  const { code, message, ...details } = object;
  return { status, body, code, message: typeof message === "string" ? message : undefined, details };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

async function exchange(
  fetch: Fetch,
  url: string,
  body: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<Answer> {
  const response = await fetch(url, { ...asked("POST", headers), body, signal });
  const text = await readLimited(response);
  return { status: response.status, body: text, json: parseJson(text) };
}

function asked(method: "GET" | "POST", headers: Record<string, string>): RequestInit {
  return { method, headers, redirect: "error", credentials: "omit", cache: "no-store" };
}

type Deadline = ReturnType<typeof startDeadline>;

interface Streaming {
  readonly end: () => void;
  readonly failure: (error: unknown) => Error;
}

/** An answer that came in time, as the stream that it is; what is none is closed. */
export function streamOf(response: Response, deadline: Deadline, call: Streaming): OpenStream {
  deadline.disarm();
  const isStream = /^text\/event-stream\b/i.test(response.headers.get("content-type") ?? "");
  const isOpen = response.status === 200 && isStream && typeof response.body?.getReader === "function";
  const close = () => {
    deadline.cancel();
    call.end();
  };
  if (!isOpen) close();
  return { status: response.status, chunks: isOpen ? textOf(response, call) : undefined, close };
}

/** Until the server or `close` ends it. Throws what ended it otherwise. */
async function* textOf(response: Response, call: Streaming): AsyncGenerator<string> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const chunk = await reader?.read();
      if (chunk === undefined || chunk.done) return;
      yield decoder.decode(chunk.value, { stream: true });
    }
  } catch (error) {
    throw call.failure(error);
  } finally {
    call.end();
  }
}

export async function readLimited(response: Response): Promise<string> {
  // React Native has no body streams: there the length can only be checked afterwards.
  if (typeof response.body?.getReader !== "function") {
    const text = await response.text();
    if (text.length > responseLimit) throw tooLarge();
    return text;
  }
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (let size = 0; ;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.length;
    if (size > responseLimit) {
      void reader.cancel().catch(() => undefined);
      throw tooLarge();
    }
    text += decoder.decode(value, { stream: true });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** One signal for the time limit, the caller's signal and `cancelAll`. `over` rejects even if fetch ignores the signal. */
export function startDeadline(timeout: number, outer: AbortSignal | undefined) {
  const controller = new AbortController();
  let reason: EngineError | undefined;
  let reject: (error: EngineError) => void;
  const over = new Promise<never>((_, refuse) => (reject = refuse));
  over.catch(() => undefined);
  const end = (error: EngineError) => {
    reason ??= error;
    reject(reason);
    controller.abort();
  };
  const cancel = () => end(cancelled());
  const timer = setTimeout(() => end(new EngineError("timeout", `No answer within ${timeout} ms`)), timeout);
  if (outer?.aborted === true) cancel();
  outer?.addEventListener("abort", cancel, { once: true });
  return {
    signal: controller.signal,
    over,
    cancel,
    reason: () => reason,
    /** From here on only the signal and `cancel` end it. */
    disarm: () => clearTimeout(timer),
    stop() {
      clearTimeout(timer);
      outer?.removeEventListener("abort", cancel);
    },
  };
}

function isPermitted(url: string, configuration: TransportConfiguration): boolean {
  const scheme = url.slice(0, url.indexOf(":")).toLowerCase();
  return scheme === "https" || (configuration.allowUnsecureTraffic && scheme === "http");
}

function cancelled(): EngineError {
  return new EngineError("cancelled", "The call was cancelled");
}

function tooLarge(): EngineError {
  return new EngineError("response-too-large", `The answer has more than ${responseLimit} bytes`);
}
