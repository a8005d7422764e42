/**
 * Streams of live updates to API clients: events of the applications each may use, with what its permissions let it
 * read. Whoever comes back is told what it missed, or that it has to read everything again.
 */
import { type ApiClient, mayUse, type Permission } from "../accounts/api-client.ts";
import type { Secrets } from "../keys/secrets.ts";
import type { Store } from "../store/store.ts";
import { type FeedEvent, liveFeed } from "./feed.ts";
import { openPosition, type Position, positionText, sealPosition } from "./position.ts";
import type { LiveLimits } from "./streams.ts";

/** The way to one client. */
export interface ClientConnection {
  /** `id` is what it may come back with. */
  send(id: string, event: string, data: object): void;
  /** Shows that the stream is alive, and where it stands. */
  beat(id: string): void;
  end(): void;
}

export interface Caller {
  readonly client: ApiClient;
  /** Who is let in with the same credentials at this moment. */
  again(): Promise<ApiClient | undefined>;
}

export interface ClientStreams {
  /** Undefined when as many streams are open as there may be. The oldest of too many of one client ends. */
  open(caller: Caller, connection: ClientConnection): OpenStream | undefined;
  /** Ends all of them; from now on none is opened. */
  close(): void;
}

export interface OpenStream {
  /** Tells `ready` and what was missed since `lastEventId`, or `reload` where that cannot be said; then what happens. */
  begin(lastEventId: string | undefined): void;
  readonly close: () => void;
}

interface Stream {
  readonly caller: Caller;
  client: ApiClient;
  readonly connection: ClientConnection;
  readonly timer: NodeJS.Timeout;
  /** What comes while it is told what it missed; undefined once it is told at once. */
  waiting: FeedEvent[] | undefined;
  /** What it has read up to. */
  stands: Position;
}

const mostPerClient = 100;
const mostWaiting = 1_000;
const beatMs = 15_000;
const nowhere: Position = { at: 0, heads: new Map() };

/** Who may read what an event is about. */
const readers: readonly (readonly [noun: string, permissions: readonly Permission[]])[] = [
  ["operation.", ["relying-party", "operate"]],
  ["activation.", ["integrate", "operate"]],
];

export function clientStreams(
  deps: { readonly store: Store; readonly secrets: Secrets },
  limits: LiveLimits,
): ClientStreams {
  const { store, secrets } = deps;
  const feed = liveFeed(store);
  const open = new Set<Stream>();
  let listening: ReturnType<typeof feed.listen> | undefined;
  let closed = false;

  const beat = setInterval(() => {
    for (const stream of open) stream.connection.beat(idFor(stream));
    // News of a revocation can be lost.
    void lookAgain(() => true);
  }, beatMs);
  beat.unref();
  const forget = store.onCommit(({ hints, missed }) => {
    if (open.size === 0) return;
    const gone = new Set(
      hints.filter(({ type }) => /^(api-client|console)\./.test(type)).map(({ subject }) => subject),
    );
    if (missed || gone.size > 0) void lookAgain(({ client }) => missed || gone.has(client.id));
  });

  return {
    open(caller, connection) {
      if (closed || open.size >= limits.streams) return undefined;
      const { client } = caller;
      const own = [...open].filter((one) => one.client.id === client.id);
      const [oldest] = own;
      if (own.length >= mostPerClient && oldest !== undefined) end(oldest);
      const timer = setTimeout(() => end(stream), limits.seconds * 1000);
      const stream: Stream = { caller, client, connection, timer, waiting: [], stands: nowhere };
      open.add(stream);
      return {
        begin: (lastEventId) => void begin(stream, lastEventId).catch(() => end(stream)),
        close: () => drop(stream),
      };
    },
    close() {
      closed = true;
      clearInterval(beat);
      forget();
      feed.close();
      for (const stream of open) end(stream);
    },
  };

  async function begin(stream: Stream, lastEventId: string | undefined): Promise<void> {
    const place = await listen();
    if (!open.has(stream)) return;
    // From here on every event comes to `hear`.
    const until = place.position();
    stream.waiting = [];
    const from = lastEventId === undefined ? undefined : openPosition(secrets, stream.client.id, lastEventId);
    const missed = from === undefined ? undefined : await feed.since(from, until);
    if (!open.has(stream)) return;
    if (from === undefined || missed === undefined) {
      stream.stands = until;
      stream.connection.send(idFor(stream), lastEventId === undefined ? "ready" : "reload", {});
    } else {
      stream.stands = from;
      stream.connection.send(idFor(stream), "ready", {});
      for (const event of missed) tell(stream, event);
    }
    const { waiting } = stream;
    stream.waiting = undefined;
    for (const event of waiting) tell(stream, event);
    // Revoked between the check of its credentials and this moment: nobody would tell.
    await look(stream);
  }

  function listen(): ReturnType<typeof feed.listen> {
    listening ??= feed.listen(hear).catch((error: unknown) => {
      listening = undefined;
      throw error;
    });
    return listening;
  }

  function hear(events: readonly FeedEvent[]): void {
    for (const event of events) {
      for (const stream of open) {
        if (stream.waiting === undefined) tell(stream, event);
        else if (stream.waiting.push(event) > mostWaiting) end(stream);
      }
    }
  }

  function tell(stream: Stream, event: FeedEvent): void {
    if (!open.has(stream)) return;
    stream.stands = event.position;
    if (!maySee(stream.client, event)) return;
    const { id, type, subject, at } = event;
    const data = { id, type, subject, at: new Date(at).toISOString() };
    stream.connection.send(idFor(stream), type, data);
  }

  function idFor(stream: Stream): string {
    return sealPosition(secrets, stream.client.id, positionText(stream.stands));
  }

  async function lookAgain(which: (stream: Stream) => boolean): Promise<void> {
    await Promise.all([...open].filter(which).map(look));
  }

  /** Not known is not allowed: the stream ends, and the client comes back with its credentials. */
  async function look(stream: Stream): Promise<void> {
    const client = await stream.caller.again().catch(() => undefined);
    if (client === undefined) end(stream);
    else stream.client = client;
  }

  function drop(stream: Stream): void {
    if (!open.delete(stream)) return;
    clearTimeout(stream.timer);
    if (open.size > 0 || listening === undefined) return;
    void listening.then((place) => place.stop()).catch(() => {});
    listening = undefined;
  }

  function end(stream: Stream): void {
    drop(stream);
    stream.connection.end();
  }
}

function maySee(client: ApiClient, { type, applications }: FeedEvent): boolean {
  const [, permissions = []] = readers.find(([noun]) => type.startsWith(noun)) ?? [];
  if (!permissions.some((one) => client.permissions.has(one))) return false;
  return client.applications === undefined || applications.some((id) => mayUse(client, id));
}
