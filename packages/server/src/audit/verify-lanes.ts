/** The lanes entry by entry: every hash is made again, every link followed, every end held against the checkpoints. */
import type { Kysely } from "kysely";
import type { AuditEventTable, AuditLaneTable, Schema } from "../store/schema.ts";
import { entryHash, payloadDigest } from "./chain.ts";
import type { Event } from "./event.ts";
import type { Covered } from "./verify-checkpoints.ts";
import type { AuditProblem } from "./verify.ts";

interface Options {
  readonly db: Kysely<Schema>;
  readonly tenant: string;
  readonly lanes: readonly AuditLaneTable[];
  readonly checkpoints: Covered;
  readonly report: (problem: AuditProblem) => void;
}

export interface Counted {
  lanes: number;
  events: number;
  erased: number;
  pruned: number;
  uncovered: number;
}

const pageSize = 500;

export async function verifyLanes(options: Options): Promise<Counted> {
  const { db, tenant, lanes, checkpoints, report } = options;
  const counted: Counted = { lanes: lanes.length, events: 0, erased: 0, pruned: 0, uncovered: 0 };
  const opened = new Set(lanes.map((lane) => lane.id));
  for (const lane of lanes) await verifyLane(options, lane, counted);
  for (const [lane, head] of checkpoints.heads) {
    if (!opened.has(lane)) report({ code: "LANE_MISSING", lane, seq: head.seq });
  }
  for await (const lane of lanesWithEntries(db, tenant)) {
    if (!opened.has(lane)) report({ code: "LANE_UNKNOWN", lane });
  }
  return counted;
}

async function verifyLane(options: Options, lane: AuditLaneTable, counted: Counted): Promise<void> {
  const { checkpoints, report } = options;
  const head = checkpoints.heads.get(lane.id);
  const pruned = checkpoints.pruned.get(lane.id);
  let previous: AuditEventTable | undefined;
  for await (const entry of entries(options.db, options.tenant, lane.id)) {
    const at = { lane: lane.id, seq: entry.seq };
    counted.events += 1;
    if (entry.seq > (head?.seq ?? 0)) counted.uncovered += 1;

    if (previous === undefined) verifyStart(entry);
    else if (entry.seq !== previous.seq + 1) report({ code: "ENTRY_MISSING", lane: lane.id, seq: previous.seq + 1 });
    else if (entry.previous_hash !== previous.hash) report({ code: "CHAIN_BROKEN", ...at });

    if (entryHash(entry) !== entry.hash) report({ code: "ENTRY_CHANGED", ...at });
    if (entry.payload === null && entry.salt === null) counted.erased += 1;
    else if (!payloadFits(entry)) report({ code: "PAYLOAD_CHANGED", ...at });
    previous = entry;
  }
  if (pruned) counted.pruned += 1;
  verifyEnd();

  /** The first entry follows what was pruned, or else what the lane is linked to. */
  function verifyStart(entry: AuditEventTable): void {
    const before = pruned ?? { seq: 0, hash: lane.linked_to };
    if (entry.seq > before.seq + 1) report({ code: "BEGINNING_MISSING", lane: lane.id, seq: entry.seq - 1 });
    else if (entry.seq <= before.seq) report({ code: "CHAIN_BROKEN", lane: lane.id, seq: entry.seq });
    else if (entry.previous_hash !== before.hash) report({ code: "CHAIN_BROKEN", lane: lane.id, seq: entry.seq });
  }

  function verifyEnd(): void {
    const end = previous?.seq ?? pruned?.seq ?? 0;
    if (head && end < head.seq) report({ code: "TRUNCATED", lane: lane.id, seq: end + 1 });
    // Openings and checkpoints exclude each other: a lane that no checkpoint names was opened after the last one.
    const linkedWell = head === undefined ? lane.linked_to === checkpoints.last : isKnown(lane.linked_to);
    if (!linkedWell) report({ code: "LANE_UNKNOWN", lane: lane.id });
    // Decides what the next checkpoint looks at, so it may not be set by hand.
    if (lane.covered_seq !== (head?.seq ?? -1)) report({ code: "HEAD_DIFFERS", lane: lane.id, seq: head?.seq ?? 0 });
  }

  function isKnown(linked: string): boolean {
    return linked === "" || checkpoints.known.has(linked);
  }
}

/** The digest is right and the payload says what the columns say. */
export function payloadFits(entry: AuditEventTable): boolean {
  const { salt, payload, payload_digest } = entry;
  if (salt === null || payload === null || payloadDigest(salt, payload) !== payload_digest) return false;
  try {
    const event = JSON.parse(payload) as Event;
    return (
      event.id === entry.id &&
      event.type === entry.type &&
      event.subject === entry.subject &&
      event.tenant === entry.tenant &&
      event.seq === entry.seq &&
      event.at === entry.at
    );
  } catch {
    return false;
  }
}

async function* entries(db: Kysely<Schema>, tenant: string, lane: string): AsyncGenerator<AuditEventTable> {
  for (let from = Number.MIN_SAFE_INTEGER; ;) {
    const page = await db
      .selectFrom("audit_event")
      .selectAll()
      .where("tenant", "=", tenant)
      .where("lane", "=", lane)
      .where("seq", ">", from)
      .orderBy("seq")
      .limit(pageSize)
      .execute();
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < pageSize) return;
    from = last.seq;
  }
}

/** Steps from lane to lane along the key, without reading the entries between. */
async function* lanesWithEntries(db: Kysely<Schema>, tenant: string): AsyncGenerator<string> {
  const first = db.selectFrom("audit_event").select("lane").where("tenant", "=", tenant).orderBy("lane").limit(1);
  let next = await first.executeTakeFirst();
  while (next !== undefined) {
    yield next.lane;
    next = await first.where("lane", ">", next.lane).executeTakeFirst();
  }
}
