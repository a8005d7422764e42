/**
 * One flush, apart from any database: the commands are evaluated on the rows that were read, and what they want to
 * write is collected per table, with the audit rows hashed from the outcomes. Both dialects write the result.
 */
import type { RandomBytes } from "@countersign/protocol/bytes";
import { chainEvent, type ChainedEvent, type Head } from "../audit/chain.ts";
import { uuid7 } from "../ids.ts";
import { type Announced, announcementOf } from "./announce.ts";
import { activationGuard, operationGuard, type InsertedTable } from "./hot-columns.ts";
import type { OidcRecordTable } from "./schema.ts";
import type {
  ActivationRow,
  Claim,
  HotCommand,
  HotRows,
  OperationRow,
  Outcome,
  RecordPlace,
  TokenRow,
  Writes,
} from "./store.ts";

/** What stands in the database for the commands of one flush. */
export interface FlushRows {
  readonly activations: ReadonlyMap<string, ActivationRow>;
  readonly operations: ReadonlyMap<string, OperationRow>;
  readonly tokens: ReadonlyMap<string, TokenRow>;
  /** By `recordKey`. */
  readonly records: ReadonlyMap<string, OidcRecordTable>;
  /** By application key. */
  readonly supported: ReadonlyMap<string, boolean>;
  /** Keys of the claims that exist already. */
  readonly taken: ReadonlySet<string>;
  /** Epoch milliseconds; the time every command of the flush goes by. */
  readonly now: number;
}

export type ItemOutcome = { readonly result: unknown } | { readonly error: unknown };

export interface Plan {
  /** One for each command, in order. */
  readonly outcomes: readonly ItemOutcome[];
  readonly inserts: ReadonlyMap<InsertedTable, readonly object[]>;
  readonly activations: readonly object[];
  readonly operations: readonly object[];
  readonly records: readonly object[];
  readonly removedTokens: readonly string[];
  readonly announced: readonly Announced[];
  /** The end of the lane once the flush is committed. */
  readonly head: Head;
}

/** Unambiguous, because the first part comes with its length. */
export function claimKey(claim: Claim): string {
  return claim.table === "replay"
    ? `r${claim.row.subject.length}:${claim.row.subject}${claim.row.nonce}`
    : `i${claim.row.client_id.length}:${claim.row.client_id}${claim.row.key}`;
}

/** A model is one word. */
export function recordKey({ model, id }: RecordPlace): string {
  return `${model} ${id}`;
}

export function planFlush(
  commands: readonly HotCommand<unknown>[],
  rows: FlushRows,
  place: { readonly tenant: string; readonly head: Head; readonly random: RandomBytes },
): Plan {
  const evaluated = commands.map((command) => evaluate(command, rows));
  const events = evaluated.reduce((sum, item) => sum + (item.outcome?.writes?.events?.length ?? 0), 0);
  const made = eventMaker(place.random, events, rows.now);

  const outcomes: ItemOutcome[] = [];
  const inserts = new Map<InsertedTable, object[]>();
  const activations: object[] = [];
  const operations: object[] = [];
  const records: object[] = [];
  const removedTokens: string[] = [];
  const announced: Announced[] = [];
  let head = place.head;

  for (const [at, command] of commands.entries()) {
    const { outcome, error, claimed } = evaluated[at]!;
    if (outcome === undefined) {
      outcomes.push({ error });
      continue;
    }
    const writes = outcome.writes ?? {};
    const chained: ChainedEvent[] = [];
    let decision;
    try {
      for (const draft of writes.events ?? []) {
        chained.push(chainEvent(chained.at(-1)?.head ?? head, place.tenant, draft, made()));
      }
      decision = decide(writes, chained);
    } catch (thrown) {
      outcomes.push({ error: thrown });
      continue;
    }
    head = chained.at(-1)?.head ?? head;
    outcomes.push({ result: outcome.result });

    if (claimed && outcome.claims !== "release") {
      for (const claim of command.claims ?? []) add(claim.table, claim.row);
    }
    if (writes.activation) activations.push(guarded(writes.activation, activationGuard));
    if (writes.operation) operations.push(guarded(writes.operation, operationGuard));
    if (writes.newOperation) {
      const { tenant, id, applications } = writes.newOperation;
      add("operation", writes.newOperation);
      for (const application_id of JSON.parse(applications) as string[]) {
        add("operation_application", { tenant, operation_id: id, application_id });
      }
    }
    if (writes.newToken) add("token", writes.newToken);
    if (writes.removedToken !== undefined) removedTokens.push(writes.removedToken);
    if (writes.attempt) add("operation_attempt", writes.attempt);
    if (writes.history) add("activation_history", writes.history);
    if (writes.answer) add("answered_transaction", writes.answer);
    for (const record of writes.records ?? []) {
      records.push({ ...record.set, was_final: record.from.final, was_consumed_at: record.from.consumed_at });
    }
    for (const row of writes.newRecords ?? []) add("oidc_record", row);
    if (writes.directRequest) add("direct_request", writes.directRequest);
    if (decision) add("decision", decision);
    for (const [index, { row }] of chained.entries()) {
      add("audit_event", row);
      const news = announcementOf(row, writes.events![index]!);
      if (news) announced.push(news);
    }
  }
  return { outcomes, inserts, activations, operations, records, removedTokens, announced, head };

  function add(table: InsertedTable, row: object): void {
    const list = inserts.get(table);
    if (list) list.push(row);
    else inserts.set(table, [row]);
  }
}

/** Makes ids and salts for a known number of events from one draw of randomness. */
export function eventMaker(
  random: RandomBytes,
  count: number,
  at: number,
): () => { id: string; at: number; salt: string } {
  const bytes = count > 0 ? Buffer.from(random(32 * count)) : Buffer.alloc(0);
  let used = 0;
  return () => {
    const start = 32 * used++;
    return {
      id: uuid7(bytes.subarray(start, start + 16), at),
      at,
      salt: bytes.toString("base64", start + 16, start + 32),
    };
  };
}

interface Evaluated {
  readonly outcome?: Outcome<unknown>;
  readonly error?: unknown;
  readonly claimed: boolean;
}

function evaluate(command: HotCommand<unknown>, rows: FlushRows): Evaluated {
  const { activationId, operationId, tokenId, applicationKey, claims } = command;
  const claimed = claims === undefined || !claims.some((claim) => rows.taken.has(claimKey(claim)));
  const own: HotRows = {
    activation: activationId === undefined ? undefined : rows.activations.get(activationId),
    operation: operationId === undefined ? undefined : rows.operations.get(operationId),
    token: tokenId === undefined ? undefined : rows.tokens.get(tokenId),
    records: rows.records,
    supported: applicationKey === undefined ? undefined : rows.supported.get(applicationKey),
    claimed,
  };
  try {
    return { outcome: command.evaluate(own, rows.now), claimed };
  } catch (error) {
    return { error, claimed };
  }
}

/** The decision is built from the place of the command's first event: the one that says who decided. */
function decide(writes: Writes, chained: readonly ChainedEvent[]) {
  if (writes.decision === undefined) return undefined;
  const first = chained[0];
  if (first === undefined) throw new TypeError("A decision needs an event to stand beside");
  const { lane, seq, hash } = first.row;
  return writes.decision({ lane, seq, hash });
}

function guarded<T extends { readonly id: string }>(
  { from, set }: { readonly from: T; readonly set: object },
  guard: readonly (keyof T & string)[],
): object {
  const row: Record<string, unknown> = { id: from.id, ...set };
  for (const column of guard) row[`was_${column}`] = from[column];
  return row;
}
