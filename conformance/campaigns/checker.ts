/**
 * Holds what clients were told against what is in the database in the end. Pure, and apart from the runners: it knows
 * nothing of how a run was made, so that a mistake there cannot hide a mistake of the server.
 */
import type { ReceiptClaims } from "@countersign/protocol/receipt";
import { checkDevices } from "./check-devices.ts";
import type { AuditRow, Dump, OperationRow } from "./dump.ts";
import type { CancelEntry, CreateEntry, DecideEntry, Entry, ReadEntry } from "./history.ts";

export interface Violation {
  /** Stable name of what was broken. */
  readonly rule: string;
  readonly text: string;
}

/** What a terminal event makes of an operation. */
const finalStates: Readonly<Record<string, string>> = {
  "operation.approved": "APPROVED",
  "operation.rejected": "REJECTED",
  "operation.canceled": "CANCELED",
  "operation.expired": "EXPIRED",
  "operation.failed": "FAILED",
};

export function check(entries: readonly Entry[], dump: Dump): Violation[] {
  const operations = new Map(dump.operations.map((row) => [row.id, row]));
  return [
    ...entries.flatMap((entry) => (entry.kind === "odd" ? [{ rule: entry.rule, text: entry.text }] : [])),
    ...(dump.auditProblem === undefined ? [] : [{ rule: "audit-verifies", text: dump.auditProblem }]),
    ...dump.unexpected.map((text) => ({ rule: "no-unexpected-error", text })),
    ...entries.flatMap(noServerError),
    ...checkCreates(entries, dump, operations),
    ...checkFinalEvents(dump),
    ...checkReaders(entries, operations),
    ...checkAcknowledged(entries, dump, operations),
    ...checkReceipts(entries, dump),
    ...checkDevices(entries, dump),
  ];
}

function noServerError(entry: Entry): Violation[] {
  if (entry.kind === "odd" || entry.status === undefined || entry.status < 500 || entry.status === 503) return [];
  return [{ rule: "no-server-error", text: JSON.stringify(entry) }];
}

/** Each key made at most one operation, every answer named that one, and it is there. */
function checkCreates(
  entries: readonly Entry[],
  dump: Dump,
  operations: ReadonlyMap<string, OperationRow>,
): Violation[] {
  const answered = entries.filter(
    (entry): entry is CreateEntry => entry.kind === "create" && entry.operation !== undefined,
  );
  const made = Map.groupBy(dump.operations, (row) => row.external_id);
  const lost = answered.filter(({ operation }) => !operations.has(operation!));
  const twice = [...made].filter(([key, rows]) => key !== null && rows.length > 1);
  const differing = [...Map.groupBy(answered, ({ key }) => key)].filter(
    ([, all]) => new Set(all.map(({ operation }) => operation)).size > 1,
  );
  return [
    ...lost.map(({ operation }) => ({ rule: "create-kept", text: `acknowledged operation ${operation} is not there` })),
    ...twice.map(([key, rows]) => ({ rule: "create-once", text: `${rows.length} operations under the key ${key}` })),
    ...differing.map(([key]) => ({
      rule: "create-once",
      text: `answers under the key ${key} name different operations`,
    })),
  ];
}

/** At most one end of each operation, and the row, its events and nothing else say which. */
function checkFinalEvents(dump: Dump): Violation[] {
  const ends = Map.groupBy(
    dump.audit.filter(({ type }) => type in finalStates),
    ({ subject }) => subject,
  );
  return dump.operations.flatMap(({ id, status }) => {
    const events = ends.get(id) ?? [];
    const [event] = events;
    if (events.length > 1) {
      return [{ rule: "one-decision", text: `${id} ended ${events.map(({ type }) => type).join(", ")}` }];
    }
    if (event === undefined) {
      return status === "PENDING" ? [] : [{ rule: "event-written", text: `${id} is ${status} without an event` }];
    }
    const right = finalStates[event.type] === status;
    return right ? [] : [{ rule: "event-written", text: `${id} is ${status}, but its event is ${event.type}` }];
  });
}

/** Whoever read after somebody was told of the end was told the same end. */
function checkReaders(entries: readonly Entry[], operations: ReadonlyMap<string, OperationRow>): Violation[] {
  const reads = entries.filter((entry): entry is ReadEntry => entry.kind === "read" && entry.state !== undefined);
  const ended = Map.groupBy(entries.filter(isEnd), ({ operation }) => operation);
  return [...Map.groupBy(reads, ({ operation }) => operation)].flatMap(([operation, all]) => {
    const ends = new Set(all.map(({ state }) => state).filter((state) => state !== "PENDING"));
    const firstEnd = Math.min(...(ended.get(operation) ?? []).map(({ answered }) => answered!));
    const late = all.filter(({ sent, state }) => state === "PENDING" && sent > firstEnd);
    // An overdue operation is expired for every reader, and stays PENDING in its row until somebody writes it down.
    const status = operations.get(operation)?.status;
    const row = status === "PENDING" && ends.has("EXPIRED") ? "EXPIRED" : status;
    const differs = ends.size > 1 || (ends.size === 1 && !ends.has(row ?? "missing"));
    return [
      ...(differs
        ? [{ rule: "readers-agree", text: `${operation} was read ${[...ends].join(", ")}; it is ${row}` }]
        : []),
      ...late.map(() => ({ rule: "readers-agree", text: `${operation} was read PENDING after its end` })),
    ];
  });
}

/** Somebody was told that the operation is over. */
function isEnd(entry: Entry): entry is ReadEntry | DecideEntry | CancelEntry {
  if (entry.kind === "read") return entry.state !== undefined && entry.state !== "PENDING";
  return (entry.kind === "decide" || entry.kind === "cancel") && entry.status === 200;
}

/** Every approval and rejection a device was told of is the one in row, receipt and audit. */
function checkAcknowledged(
  entries: readonly Entry[],
  dump: Dump,
  operations: ReadonlyMap<string, OperationRow>,
): Violation[] {
  const events = Map.groupBy(dump.audit, ({ subject }) => subject);
  const acknowledged = entries.filter((entry): entry is DecideEntry => entry.kind === "decide" && entry.status === 200);
  return acknowledged.flatMap((entry) => {
    const violations: Violation[] = [];
    const lost = (text: string) => violations.push({ rule: "acknowledged-kept", text: `${entry.operation}: ${text}` });
    const status = entry.action === "approve" ? "APPROVED" : "REJECTED";
    const row = operations.get(entry.operation);
    if (row?.status !== status) lost(`told ${status}, is ${row?.status ?? "not there"}`);
    const receipt = dump.receipts.get(entry.operation);
    if (typeof receipt !== "object") lost(`no receipt: ${receipt}`);
    else {
      const { evidence } = receipt.decisions[0]!;
      const same =
        evidence.activationId === entry.activation &&
        evidence.counter === entry.counter &&
        evidence.signedSha256 === entry.digest;
      if (!same) lost(`the receipt is for another signature than counter ${entry.counter} of ${entry.activation}`);
    }
    const type = entry.action === "approve" ? "operation.approved" : "operation.rejected";
    const found = (events.get(entry.operation) ?? []).filter((event) => event.type === type);
    if (found.length !== 1) lost(`${found.length} events ${type}`);
    return violations;
  });
}

/** A receipt stands for its row, for its place in the audit, and for a signature that was really made in time. */
function checkReceipts(entries: readonly Entry[], dump: Dump): Violation[] {
  const decisions = entries.filter((entry): entry is DecideEntry => entry.kind === "decide");
  const digests = new Map(decisions.map((entry) => [`${entry.activation} ${entry.counter} ${entry.digest}`, entry]));
  const places = new Map(dump.audit.map((row) => [`${row.lane} ${row.seq}`, row]));
  return dump.operations.flatMap((row) => {
    const receipt = dump.receipts.get(row.id);
    const decided = row.status === "APPROVED" || row.status === "REJECTED";
    if (!decided) return [];
    if (typeof receipt !== "object") return [{ rule: "receipt-verifies", text: `${row.id}: ${receipt}` }];
    return receiptProblems(row, receipt, places, digests).map((text) => ({
      rule: text.startsWith("late") ? "expired-stays" : "receipt-verifies",
      text: `${row.id}: ${text}`,
    }));
  });
}

function receiptProblems(
  row: OperationRow,
  receipt: ReceiptClaims,
  places: ReadonlyMap<string, AuditRow>,
  digests: ReadonlyMap<string, DecideEntry>,
): string[] {
  const { operation, decisions, audit } = receipt;
  const { evidence, at } = decisions[0]!;
  const problems: string[] = [];
  if (decisions.length !== 1) problems.push(`${decisions.length} decisions`);
  if (operation.id !== row.id || operation.status !== row.status || operation.data !== row.data)
    problems.push("another operation");
  const place = places.get(`${audit.lane} ${audit.seq}`);
  if (place?.hash !== audit.hash || place.subject !== row.id) problems.push("its place in the audit is another");
  const made = digests.get(`${evidence.activationId} ${evidence.counter} ${evidence.signedSha256}`);
  if (made === undefined) problems.push("nobody made the signature it names");
  else if (made.operation !== row.id || made.pin === "wrong") problems.push("the signature was for something else");
  if (at >= row.expires_at) problems.push(`late: decided at ${at}, expired at ${row.expires_at}`);
  return problems;
}
