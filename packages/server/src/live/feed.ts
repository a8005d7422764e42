/**
 * What was committed, as one sequence that is given after the commit: hints of the store wake one reader for all, which
 * goes on in every lane of the audit where it stopped. Nothing is read while nobody listens.
 */
import { type RawBuilder, sql } from "kysely";
import type { Store } from "../store/store.ts";
import { longestCommitMs, type Position } from "./position.ts";

export interface FeedEvent {
  /** Of the event, as in the audit and in webhooks: who gets one twice knows it by this. */
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly at: number;
  /** Whose it is. */
  readonly applications: readonly string[];
  /** Where a reader stands who has read this one. */
  readonly position: Position;
}

export interface Feed {
  /** Calls `hear` with everything after `position`, the place it has reached when asked, in order, until `stop`. */
  listen(hear: (events: readonly FeedEvent[]) => void): Promise<{ position(): Position; stop(): void }>;
  /** What came after `from`, up to `until`; undefined when it is too much, or too long ago. */
  since(from: Position, until: Position): Promise<readonly FeedEvent[] | undefined>;
  close(): void;
}

interface Lane {
  readonly epoch: number;
  seq: number;
  /** Of the last event, epoch ms. */
  at: number;
}

interface Row {
  readonly lane: string;
  readonly seq: number;
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly at: number;
}

/** Rows of one look, and the most that whoever comes back is told. */
const mostRows = 1_000;
/** Younger lanes than this many are looked at each time; an older one is found when it speaks. */
const mostLanes = 200;
const pollMs = 5_000;
const retryMs = 500;
const longestAbsenceMs = 3_600_000;

/** Of which events the feed tells. */
export function isFed(type: string): boolean {
  return /^(operation|activation)\./.test(type);
}
const fed = sql`(e.type like 'operation.%' or e.type like 'activation.%')`;
const columns = sql`e.lane, e.seq, e.id, e.type, e.subject, e.at`;

export function liveFeed(store: Store): Feed {
  const { tenant } = store;
  const listeners = new Set<(events: readonly FeedEvent[]) => void>();
  let lanes: Map<string, Lane> | undefined;
  let loading: Promise<void> | undefined;
  let reading: Promise<void> | undefined;
  let again = false;
  let newest = 0;
  let timer: NodeJS.Timeout | undefined;
  let retry: NodeJS.Timeout | undefined;
  let closed = false;

  const forget = store.onCommit(({ hints, missed }) => {
    if (missed || hints.some(({ type }) => isFed(type))) wake();
  });

  return {
    async listen(told) {
      const hear = (events: readonly FeedEvent[]) => told(events);
      while (lanes === undefined) await (loading ??= load().finally(() => (loading = undefined)));
      listeners.add(hear);
      timer ??= setInterval(() => void look().catch(() => {}), pollMs).unref();
      // What was committed while nobody listened woke nobody.
      wake();
      return { position, stop: () => stop(hear) };
    },
    since,
    close() {
      closed = true;
      forget();
      clearInterval(timer);
      clearTimeout(retry);
      listeners.clear();
    },
  };

  function stop(hear: (events: readonly FeedEvent[]) => void): void {
    listeners.delete(hear);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
    lanes = undefined;
  }

  async function load(): Promise<void> {
    const now = await store.now();
    const { rows } = await sql<{ id: string; epoch: number; seq: number | null; at: number | null }>`
      select l.id, l.epoch, e.seq, e.at from audit_lane as l
      left join audit_event as e on e.tenant = l.tenant and e.lane = l.id
        and e.seq = (select max(m.seq) from audit_event as m where m.tenant = l.tenant and m.lane = l.id)
      where l.tenant = ${tenant} order by l.epoch desc limit ${mostLanes}`.execute(store.read);
    lanes = new Map(rows.map(({ id, epoch, seq, at }) => [id, { epoch, seq: seq ?? 0, at: at ?? 0 }]));
    newest = Math.max(now, ...rows.map(({ at }) => at ?? 0));
  }

  function position(): Position {
    const heads = new Map<number, number>();
    for (const { epoch, seq, at } of lanes?.values() ?? []) {
      if (at >= newest - longestCommitMs) heads.set(epoch, seq);
    }
    return { at: newest, heads };
  }

  function wake(): void {
    if (closed || listeners.size === 0) return;
    again = true;
    reading ??= readAll().finally(() => {
      reading = undefined;
      // Woken between the last look and this moment.
      if (again && retry === undefined) wake();
    });
  }

  async function readAll(): Promise<void> {
    while (again && listeners.size > 0) {
      again = false;
      try {
        if (await read()) again = true;
      } catch {
        again = true;
        retry = setTimeout(() => {
          retry = undefined;
          wake();
        }, retryMs);
        return;
      }
    }
  }

  /** Whether there may be more. */
  async function read(): Promise<boolean> {
    const known = lanes;
    if (known === undefined) return false;
    await findNewLanes(known);
    const rows = await rowsAfter([...known].map(([lane, { seq }]) => [lane, seq]));
    const whose = await applicationsOf(rows.filter(({ type }) => isFed(type)));
    if (known !== lanes) return false;
    const events: FeedEvent[] = [];
    for (const row of rows.length < mostRows ? rows : withoutGaps(rows, known)) {
      const lane = known.get(row.lane);
      if (lane === undefined) continue;
      lane.seq = row.seq;
      lane.at = row.at;
      newest = Math.max(newest, row.at);
      if (isFed(row.type)) events.push(eventOf(row, whose, position()));
    }
    if (events.length > 0) for (const hear of listeners) hear(events);
    return rows.length === mostRows;
  }

  /** Processes that started since. */
  async function findNewLanes(known: Map<string, Lane>): Promise<void> {
    const last = Math.max(0, ...[...known.values()].map(({ epoch }) => epoch));
    const found = await store.read
      .selectFrom("audit_lane")
      .select(["id", "epoch"])
      .where("tenant", "=", tenant)
      .where("epoch", ">", last)
      .execute();
    for (const { id, epoch } of found) known.set(id, { epoch, seq: 0, at: 0 });
  }

  /** Hints can be lost, and an old process may speak again. */
  async function look(): Promise<void> {
    const known = lanes;
    if (known === undefined) return;
    const { rows } = await sql<{ id: string; epoch: number; seq: number }>`
      select l.id, l.epoch, min(e.seq) - 1 as seq from audit_event as e
      join audit_lane as l on l.tenant = e.tenant and l.id = e.lane
      where e.tenant = ${tenant} and e.at >= ${newest - longestCommitMs} and l.epoch < ${oldest(known)}
      group by l.id, l.epoch`.execute(store.read);
    for (const { id, epoch, seq } of rows) if (!known.has(id)) known.set(id, { epoch, seq, at: 0 });
    wake();
  }

  function oldest(known: Map<string, Lane>): number {
    return known.size < mostLanes ? 0 : Math.min(...[...known.values()].map(({ epoch }) => epoch));
  }

  async function rowsAfter(heads: readonly (readonly [string, number])[], only?: RawBuilder<unknown>): Promise<Row[]> {
    if (heads.length === 0) return [];
    const marks = heads.map(([lane, seq]) => sql`(cast(${lane} as text), cast(${seq} as bigint))`);
    const { rows } = await sql<Row>`with head (lane, seq) as (values ${sql.join(marks)})
      select ${columns} from head join audit_event as e
        on e.tenant = ${tenant} and e.lane = head.lane and e.seq > head.seq ${only ?? sql``}
      order by e.at, e.lane, e.seq limit ${mostRows}`.execute(store.read);
    return inOrder(rows);
  }

  async function since(from: Position, until: Position): Promise<readonly FeedEvent[] | undefined> {
    if (until.at - from.at > longestAbsenceMs) return undefined;
    const epochs = new Map<string, number>();
    const epochOf = (lane: string) => epochs.get(lane) ?? -1;
    const found = await store.read
      .selectFrom("audit_lane")
      .select(["id", "epoch"])
      .where("tenant", "=", tenant)
      .where("epoch", "in", [-1, ...from.heads.keys()])
      .execute();
    for (const { id, epoch } of found) epochs.set(id, epoch);
    const named = await rowsAfter(
      found.map(({ id, epoch }) => [id, from.heads.get(epoch) ?? 0]),
      sql`and ${fed}`,
    );
    const others = await sql<Row & { epoch: number }>`select ${columns}, l.epoch from audit_event as e
      join audit_lane as l on l.tenant = e.tenant and l.id = e.lane
      where e.tenant = ${tenant} and e.at > ${from.at - longestCommitMs} and ${fed}
        and l.epoch not in (${sql.join([-1, ...from.heads.keys()])})
      order by e.at, e.lane, e.seq limit ${mostRows}`.execute(store.read);
    for (const { lane, epoch } of others.rows) epochs.set(lane, epoch);
    if (named.length + others.rows.length >= mostRows) return undefined;
    // What is younger than `until` is on its way already.
    const rows = inOrder([...named, ...others.rows]).filter(
      ({ lane, seq }) => seq <= (until.heads.get(epochOf(lane)) ?? Infinity),
    );
    const whose = await applicationsOf(rows);
    const heads = new Map(from.heads);
    return rows.map((row) => {
      heads.set(epochOf(row.lane), row.seq);
      return eventOf(row, whose, { at: from.at, heads: new Map(heads) });
    });
  }

  async function applicationsOf(rows: readonly Row[]): Promise<ReadonlyMap<string, readonly string[]>> {
    const whose = new Map<string, string[]>();
    if (rows.length === 0) return whose;
    const subjects = (noun: string) => [
      ...new Set(rows.filter(({ type }) => type.startsWith(noun)).map(({ subject }) => subject)),
    ];
    const [operations, activations] = await Promise.all([
      store.read
        .selectFrom("operation_application")
        .select(["operation_id as id", "application_id"])
        .where("tenant", "=", tenant)
        .where("operation_id", "in", ["", ...subjects("operation.")])
        .execute(),
      store.read
        .selectFrom("activation")
        .select(["id", "application_id"])
        .where("tenant", "=", tenant)
        .where("id", "in", ["", ...subjects("activation.")])
        .execute(),
    ]);
    for (const { id, application_id } of [...operations, ...activations]) {
      whose.set(id, [...(whose.get(id) ?? []), application_id]);
    }
    return whose;
  }
}

/** Where a clock was set back, the limit may have cut out what comes first in a lane: it comes with the next look. */
function withoutGaps(rows: readonly Row[], lanes: ReadonlyMap<string, Lane>): readonly Row[] {
  const heads = new Map<string, number>();
  const kept = rows.filter(({ lane, seq }) => {
    const follows = seq === (heads.get(lane) ?? lanes.get(lane)?.seq ?? 0) + 1;
    if (follows) heads.set(lane, seq);
    return follows;
  });
  return kept.length > 0 ? kept : rows;
}

/** By time; of one lane, always by number. */
function inOrder(rows: readonly Row[]): Row[] {
  const last = new Map<string, number>();
  const times = new Map<Row, number>();
  for (const row of rows.toSorted((a, b) => a.seq - b.seq)) {
    const at = Math.max(row.at, last.get(row.lane) ?? 0);
    last.set(row.lane, at);
    times.set(row, at);
  }
  return rows.toSorted(
    (a, b) =>
      (times.get(a) ?? 0) - (times.get(b) ?? 0) || (a.lane === b.lane ? a.seq - b.seq : a.lane < b.lane ? -1 : 1),
  );
}

function eventOf(
  { id, type, subject, at }: Row,
  whose: ReadonlyMap<string, readonly string[]>,
  position: Position,
): FeedEvent {
  return { id, type, subject, at, applications: whose.get(subject) ?? [], position };
}
