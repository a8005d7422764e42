/** Reads a stream of server-sent events as an app does: with fetch, line by line. */

export interface SseEvent {
  readonly id: string | undefined;
  readonly event: string;
  // oxlint-disable-next-line no-explicit-any -- tests say what they expect of it
  readonly data: any;
}

export interface Stream {
  readonly status: number;
  readonly headers: Headers;
  /** What came so far. */
  readonly events: readonly SseEvent[];
  /** Resolves with the events once one is of this kind. */
  until(kind: (event: SseEvent) => boolean): Promise<readonly SseEvent[]>;
  /** Resolves when the server has ended it. */
  readonly ended: Promise<void>;
  /** Leaves. */
  close(): void;
}

export async function openStream(url: string, headers: Record<string, string>): Promise<Stream> {
  const gone = new AbortController();
  const response = await fetch(url, { headers, signal: gone.signal });
  const events: SseEvent[] = [];
  const waiting = new Set<() => void>();
  const ended = read(response, (event) => {
    events.push(event);
    for (const wake of waiting) wake();
  }).catch(() => {});
  return {
    status: response.status,
    headers: response.headers,
    events,
    async until(kind) {
      while (!events.some(kind)) {
        await new Promise<void>((resolve) => {
          const wake = () => (waiting.delete(wake), resolve());
          waiting.add(wake);
        });
      }
      return events;
    },
    ended,
    close: () => gone.abort(),
  };
}

async function read(response: Response, take: (event: SseEvent) => void): Promise<void> {
  let rest = "";
  for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
    const blocks = `${rest}${part}`.split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const lines = block.split("\n").map((line) => /^(\w+): (.*)$/.exec(line));
      const member = (name: string) => lines.find((line) => line?.[1] === name)?.[2];
      const event = member("event");
      if (event !== undefined) take({ id: member("id"), event, data: JSON.parse(member("data") ?? "null") });
    }
  }
}
