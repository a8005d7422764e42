/**
 * Streams of live updates to devices: who is told what, for how long. Events are hints: an id and a type, after the
 * commit. A device reads what it wants to know by its ordinary calls.
 */
import type { Hint, Store, ActivationRow } from "../store/store.ts";
import { isEntitledViewer } from "../operations/detail.ts";

export interface LiveEvent {
  readonly event: "operation.created" | "operation.changed" | "inbox" | "reload";
  readonly data: { readonly id?: string; readonly type?: string };
}

/** The way to one device. */
export interface LiveConnection {
  send(event: LiveEvent): void;
  /** Shows that the stream is alive. */
  beat(): void;
  end(): void;
}

export interface LiveStreams {
  /** Undefined when as many are open as there may be. The oldest of too many of one activation ends. */
  open(viewer: ActivationRow, connection: LiveConnection): { readonly close: () => void } | undefined;
  /** Ends all of them; from now on none is opened. */
  close(): void;
}

export interface LiveLimits {
  readonly streams: number;
  readonly seconds: number;
}

interface Stream {
  viewer: ActivationRow;
  readonly connection: LiveConnection;
  readonly timer: NodeJS.Timeout;
}

const mostPerActivation = 3;
const beatMs = 15_000;
const atATime = 500;

/** How each event of an operation appears; what was claimed is new to its user. */
const operationEvents = new Map<string, LiveEvent["event"]>([
  ["operation.created", "operation.created"],
  ["operation.claimed", "operation.created"],
]);

export function liveStreams(store: Store, limits: LiveLimits): LiveStreams {
  const open = new Set<Stream>();
  const byUser = new Map<string, Set<Stream>>();
  const byActivation = new Map<string, Set<Stream>>();
  let closed = false;

  const beat = setInterval(() => {
    for (const { connection } of open) connection.beat();
  }, beatMs);
  // Nobody has to be kept waiting for a beat.
  beat.unref();
  const forget = store.onCommit(({ hints, missed }) => {
    if (open.size === 0) return;
    for (const hint of hints) void hear(hint);
    if (missed) void lookAtAll();
  });

  return {
    open(viewer, connection) {
      if (closed || open.size >= limits.streams) return undefined;
      const own = byActivation.get(viewer.id) ?? new Set();
      const [oldest] = own;
      if (own.size >= mostPerActivation && oldest !== undefined) end(oldest);
      const timer = setTimeout(() => end(stream), limits.seconds * 1000);
      const stream: Stream = { viewer, connection, timer };
      open.add(stream);
      add(byActivation, viewer.id, stream);
      add(byUser, viewer.user_id, stream);
      // Blocked between the proof of the token and this moment: nobody would tell.
      void lookAgain(viewer.id);
      return { close: () => drop(stream) };
    },
    close() {
      closed = true;
      clearInterval(beat);
      forget();
      for (const stream of open) end(stream);
    },
  };

  function drop(stream: Stream): void {
    if (!open.delete(stream)) return;
    clearTimeout(stream.timer);
    remove(byActivation, stream.viewer.id, stream);
    remove(byUser, stream.viewer.user_id, stream);
  }

  function end(stream: Stream): void {
    drop(stream);
    stream.connection.end();
  }

  function hear(hint: Hint): Promise<void> | undefined {
    const { type, subject, userId } = hint;
    if (type.startsWith("activation.")) return lookAgain(subject);
    const streams = userId === undefined ? undefined : byUser.get(userId);
    if (streams === undefined) return undefined;
    if (type.startsWith("operation.")) return tellOfOperation(hint, [...streams]);
    for (const stream of type.startsWith("inbox.") ? streams : []) {
      const meant = hint.applications.includes(stream.viewer.application_id);
      if (meant) tell(stream, { event: "inbox", data: { id: subject, type } });
    }
    return undefined;
  }

  async function tellOfOperation({ type, subject: id }: Hint, streams: readonly Stream[]): Promise<void> {
    const operation = await store.findOperation(id).catch(() => undefined);
    if (operation === undefined) return;
    const event = operationEvents.get(type) ?? "operation.changed";
    for (const stream of streams) {
      const { viewer } = stream;
      const flag = operation.activation_flag;
      const flagged = flag === null || (JSON.parse(viewer.flags) as string[]).includes(flag);
      if (flagged && isEntitledViewer(operation, viewer)) tell(stream, { event, data: { id, type } });
    }
  }

  function tell(stream: Stream, event: LiveEvent): void {
    if (open.has(stream)) stream.connection.send(event);
  }

  /** An activation changed: its streams end, or go by its flags of now. */
  async function lookAgain(activationId: string): Promise<void> {
    if (!byActivation.has(activationId)) return;
    // Not known is not proven: the stream ends, and the device comes back with a new token header.
    const activation = await store.findActivation(activationId).catch(() => undefined);
    for (const stream of byActivation.get(activationId) ?? []) take(stream, activation);
  }

  function take(stream: Stream, activation: ActivationRow | undefined): void {
    if (activation?.status !== "ACTIVE") return end(stream);
    const { flags } = stream.viewer;
    stream.viewer = activation;
    if (flags !== activation.flags) tell(stream, { event: "reload", data: {} });
  }

  /** Hints were lost: whatever happened meanwhile, devices have to read again, and blocked ones have to go. */
  async function lookAtAll(): Promise<void> {
    const ids = [...byActivation.keys()];
    for (let from = 0; from < ids.length; from += atATime) {
      const some = ids.slice(from, from + atATime);
      const rows = await store.read
        .selectFrom("activation")
        .selectAll()
        .where("tenant", "=", store.tenant)
        .where("id", "in", some)
        .execute()
        .catch(() => []);
      const found = new Map(rows.map((row) => [row.id, row]));
      for (const id of some) {
        for (const stream of byActivation.get(id) ?? []) {
          take(stream, found.get(id));
          tell(stream, { event: "reload", data: {} });
        }
      }
    }
  }
}

function add(map: Map<string, Set<Stream>>, key: string, stream: Stream): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, new Set([stream]));
  else known.add(stream);
}

function remove(map: Map<string, Set<Stream>>, key: string, stream: Stream): void {
  const known = map.get(key);
  known?.delete(stream);
  if (known?.size === 0) map.delete(key);
}
