/**
 * Tells other nodes what this one committed, and hears what they did: `NOTIFY` and `LISTEN` on a connection of its own.
 *
 * Hints are gathered while one message is under way, so that a busy node sends few and large ones. What gets lost with a
 * connection is made good by telling everybody, on both sides, to look at everything.
 */
import { hash } from "node:crypto";
import pg from "pg";
import { type Committed, type Hint, isHinted } from "../announce.ts";

export interface NotifierOptions {
  readonly url: string;
  readonly tenant: string;
  readonly hear: (news: Partial<Committed>) => void;
}

export interface Notifier {
  /** Connects, and keeps connecting. */
  start(): void;
  tell(hints: readonly Hint[]): void;
  close(): Promise<void>;
}

/** PostgreSQL takes less than 8000 bytes. */
const mostBytes = 7_900;
/** More than this waiting is told as "look at everything". */
const mostWaiting = 2_000;
/** Between two messages: each one's commit holds a lock that all others need. */
const pauseMs = 5;
const reconnectMs = 250;
/** A connection that died without a word is found out by asking. */
const pingMs = 10_000;
const everything = "*";

export function createNotifier({ url, tenant, hear }: NotifierOptions): Notifier {
  const channel = `countersign_${hash("sha256", tenant, "hex").slice(0, 32)}`;
  let client: pg.Client | undefined;
  let waiting: Hint[] = [];
  let lost = false;
  let sending: Promise<void> | undefined;
  let connecting: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  return {
    start: () => void (connecting = connect()),
    tell(announced) {
      const hints = announced.filter(({ type }) => isHinted(type));
      if (closed || hints.length === 0) return;
      if (waiting.length + hints.length > mostWaiting) forget();
      else waiting.push(...hints);
      sending ??= send();
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await connecting;
      const open = client;
      client = undefined;
      await open?.end().catch(() => {});
      await sending;
    },
  };

  function forget(): void {
    waiting = [];
    lost = true;
  }

  async function connect(): Promise<void> {
    const fresh = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000, query_timeout: 5_000 });
    fresh.on("error", () => {});
    fresh.on("notification", ({ processId, payload }) => {
      // PostgreSQL tells us what we said ourselves, too.
      if (processId !== own) hear(readHints(payload));
    });
    let own: number | undefined;
    try {
      await fresh.connect();
      // Hints need not survive a crash, and must not wait for the disk.
      const { rows } = await fresh.query<{ pid: number }>(
        "select pg_backend_pid() as pid, set_config('synchronous_commit', 'off', false)",
      );
      own = rows[0]?.pid;
      await fresh.query(`listen ${channel}`);
    } catch {
      await fresh.end().catch(() => {});
      return again();
    }
    if (closed) return void (await fresh.end().catch(() => {}));
    client = fresh;
    fresh.once("end", () => drop(fresh));
    ping(fresh);
    hear({ missed: true });
    sending ??= send();
  }

  function again(): void {
    if (!closed) timer = setTimeout(() => void (connecting = connect()), reconnectMs);
  }

  function drop(broken: pg.Client): void {
    if (client !== broken) return;
    client = undefined;
    clearTimeout(timer);
    forget();
    broken.end().catch(() => {});
    again();
  }

  function ping(fresh: pg.Client): void {
    timer = setTimeout(() => {
      fresh.query("select 1").then(
        () => (client === fresh ? ping(fresh) : undefined),
        () => drop(fresh),
      );
    }, pingMs);
  }

  async function send(): Promise<void> {
    // A turn later, so that what is told together goes together.
    await new Promise((resolve) => setImmediate(resolve));
    while (client !== undefined && (lost || waiting.length > 0)) {
      const open = client;
      const text = lost ? everything : takeMessage();
      lost = false;
      try {
        await open.query("select pg_notify($1, $2)", [channel, text]);
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      } catch {
        drop(open);
      }
    }
    sending = undefined;
  }

  function takeMessage(): string {
    const parts: string[] = [];
    let size = 2;
    while (waiting.length > 0) {
      const { type, subject, userId, applications } = waiting[0]!;
      const part = JSON.stringify([type, subject, userId, applications]);
      size += Buffer.byteLength(part) + 1;
      if (size > mostBytes && parts.length > 0) break;
      waiting.shift();
      // One that fits in no message is told as "look at everything".
      if (size > mostBytes) return everything;
      parts.push(part);
    }
    return `[${parts.join(",")}]`;
  }
}

function readHints(payload: string | undefined): Partial<Committed> {
  if (payload === undefined || payload === everything) return { missed: true };
  try {
    const parts = JSON.parse(payload) as [string, string, string | null, string[]][];
    const hints = parts.map(([type, subject, userId, applications]) => {
      return { type, subject, userId: userId ?? undefined, applications };
    });
    return { hints };
  } catch {
    // Whoever else uses this channel: something happened.
    return { missed: true };
  }
}
