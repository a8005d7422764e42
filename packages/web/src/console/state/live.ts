/** The stream of live updates: one for the whole console. Whoever listens is told what changed, or to read everything again. */
import { signal } from "@preact/signals";
import { findSession, session } from "./api.ts";

export interface Change {
  readonly type: string;
  readonly subject: string;
}

export type Connection = "live" | "connecting";

export const connection = signal<Connection>("connecting");

type Listener = (change: Change | "everything") => void;
const listeners = new Set<Listener>();
const soonMs = 200;
const retryMs = 2_000;

export function onChange(listener: Listener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Until `gone` aborts. Comes back by itself, where it stopped. */
export async function follow(gone: AbortSignal): Promise<void> {
  let lastEventId: string | undefined;
  while (!gone.aborted) {
    try {
      const response = await fetch("/v1/live", {
        headers: { accept: "text/event-stream", ...(lastEventId !== undefined && { "last-event-id": lastEventId }) },
        signal: gone,
      });
      if (response.status === 401) return await findSession();
      if (response.status === 403) return;
      if (response.ok && response.body !== null) {
        for await (const block of blocks(response.body)) {
          lastEventId = member(block, "id") ?? lastEventId;
          tell(member(block, "event"), member(block, "data"));
        }
      }
    } catch {
      // Gone: it is tried again.
    }
    // It may have ended for a reason that asking again tells at once.
    const ms = connection.value === "live" ? soonMs : retryMs;
    connection.value = "connecting";
    await pause(ms, gone);
  }
}

function tell(event: string | undefined, data: string | undefined): void {
  if (event === undefined) return;
  connection.value = "live";
  if (event === "ready" || session.peek() === null) return;
  const change = event === "reload" || data === undefined ? "everything" : (JSON.parse(data) as Change);
  for (const listener of listeners) listener(change);
}

async function* blocks(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = `${rest}${decoder.decode(value, { stream: true })}`.split("\n\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}

function member(block: string, name: string): string | undefined {
  const line = block.split("\n").find((one) => one.startsWith(`${name}: `));
  return line?.slice(name.length + 2);
}

function pause(ms: number, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      gone.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    gone.addEventListener("abort", end);
  });
}
