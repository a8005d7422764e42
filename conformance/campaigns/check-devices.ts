/** What must hold of every activation: its counter and its count of wrong tries. Pure; part of the checker. */
import type { ActivationRow, AuditRow, Dump } from "./dump.ts";
import type { DecideEntry, Entry, StatusEntry } from "./history.ts";
import type { Violation } from "./checker.ts";

/** A counter value that the server says it used up, and for what. */
interface Use {
  /** Undefined for a wrong try without possession, which uses none up. */
  readonly counter?: number | undefined;
  readonly kind: "failed" | "possession" | "right";
}

export function checkDevices(entries: readonly Entry[], dump: Dump): Violation[] {
  const uses = usesOf(dump);
  const decisions = Map.groupBy(
    entries.filter((entry): entry is DecideEntry => entry.kind === "decide"),
    ({ activation }) => activation,
  );
  return [
    ...dump.activations.flatMap((row) => [
      ...checkCounter(row, uses.get(row.id) ?? [], decisions.get(row.id) ?? []),
      ...checkAttempts(row, uses.get(row.id) ?? [], decisions.get(row.id) ?? []),
    ]),
    ...checkStatuses(entries, decisions),
  ];
}

/** From signature events, and from receipts for the decisions, whose events name no counter. */
function usesOf(dump: Dump): ReadonlyMap<string, Use[]> {
  const uses = new Map<string, Use[]>();
  const add = (activation: string, use: Use): void => {
    const list = uses.get(activation);
    if (list === undefined) uses.set(activation, [use]);
    else list.push(use);
  };
  for (const row of dump.audit) {
    const event = signatureEvent(row);
    if (event === undefined) continue;
    const kind = row.type === "signature.failed" ? "failed" : event.factors.length > 1 ? "right" : "possession";
    add(row.subject, { counter: event.factors.includes("possession") ? event.counter : undefined, kind });
  }
  for (const receipt of dump.receipts.values()) {
    if (typeof receipt !== "object") continue;
    const { evidence } = receipt.decisions[0]!;
    const kind = evidence.factors.length > 1 ? "right" : "possession";
    if (evidence.activationId !== undefined) add(evidence.activationId, { counter: evidence.counter, kind });
  }
  for (const list of uses.values()) list.sort((a, b) => (a.counter ?? 0) - (b.counter ?? 0));
  return uses;
}

function signatureEvent(row: AuditRow): { readonly counter: number; readonly factors: readonly string[] } | undefined {
  if (row.type !== "signature.failed" && row.type !== "signature.accepted") return undefined;
  const { data } = JSON.parse(row.payload) as { data: { counter: number; factors: string[] } };
  return data;
}

function checkCounter(row: ActivationRow, uses: readonly Use[], decisions: readonly DecideEntry[]): Violation[] {
  const used = uses.flatMap(({ counter }) => (counter === undefined ? [] : [counter]));
  const twice = used.filter((counter, at) => counter === used[at - 1]);
  const last = Math.max(-1, ...used, ...decisions.filter(told).map(({ counter }) => counter));
  return [
    ...twice.map((counter) => ({ rule: "counter-once", text: `${row.id}: counter ${counter} was accepted twice` })),
    ...(row.counter > last
      ? []
      : [{ rule: "counter-moved", text: `${row.id}: the next counter is ${row.counter}, though ${last} was used` }]),
  ];
}

/** The server said that it took the signature. */
function told({ status }: DecideEntry): boolean {
  return status === 200;
}

/**
 * Wrong tries since the last right one are counted, none that was answered is missing, more than the limit never
 * happens, and the device is blocked exactly at the limit.
 */
function checkAttempts(row: ActivationRow, uses: readonly Use[], decisions: readonly DecideEntry[]): Violation[] {
  const violations: Violation[] = [];
  const wrong = (rule: string, text: string) => violations.push({ rule, text: `${row.id}: ${text}` });
  let run = 0;
  for (const { kind } of uses) {
    if (kind === "failed") run += 1;
    if (kind === "right" && run >= row.max_failed_attempts) wrong("limit-kept", `accepted after ${run} wrong tries`);
    if (kind === "right") run = 0;
    if (run > row.max_failed_attempts)
      wrong("limit-kept", `${run} wrong tries in a row, the limit is ${row.max_failed_attempts}`);
  }
  if (run !== row.failed_attempts)
    wrong("attempts-counted", `${run} wrong tries in the audit, ${row.failed_attempts} in the row`);
  const answered = answeredWrong(decisions);
  if (row.failed_attempts < answered)
    wrong("attempts-counted", `${answered} wrong tries answered, ${row.failed_attempts} counted`);
  const isBlocked = row.status === "BLOCKED";
  if (isBlocked !== row.failed_attempts >= row.max_failed_attempts || row.failed_attempts > row.max_failed_attempts) {
    wrong("limit-kept", `${row.status} with ${row.failed_attempts} of ${row.max_failed_attempts} wrong tries`);
  }
  return violations;
}

/**
 * Wrong PINs that were answered after the last signature that may have set the count back. Only for a device that sends
 * one request at a time: with several at once a refusal may mean that the counter had moved on.
 */
function answeredWrong(decisions: readonly DecideEntry[]): number {
  const overlapping = decisions.some(({ sent }, at) => sent < (decisions[at - 1]?.answered ?? 0));
  if (overlapping) return 0;
  const last = decisions.findLastIndex(
    ({ pin, status }) => pin === "right" && (status === undefined || status !== 401),
  );
  return decisions.slice(last + 1).filter(({ pin, status }) => pin === "wrong" && status === 401).length;
}

/** No status shows a counter before what the device had been told, nor fewer wrong tries than it was told of. */
function checkStatuses(entries: readonly Entry[], decisions: ReadonlyMap<string, DecideEntry[]>): Violation[] {
  const statuses = entries.filter(
    (entry): entry is StatusEntry => entry.kind === "status" && entry.counter !== undefined,
  );
  return statuses.flatMap(({ activation, sent, counter, failedAttempts }) => {
    const before = (decisions.get(activation) ?? []).filter(
      ({ answered }) => answered !== undefined && answered < sent,
    );
    const used = Math.max(-1, ...before.filter(told).map((entry) => entry.counter));
    const wrong = answeredWrong((decisions.get(activation) ?? []).filter((entry) => entry.sent < sent));
    return [
      ...(counter! > used
        ? []
        : [{ rule: "counter-moved", text: `${activation}: status says ${counter}, though ${used} was accepted` }]),
      ...(failedAttempts! >= wrong
        ? []
        : [
            {
              rule: "attempts-counted",
              text: `${activation}: ${wrong} wrong tries answered, status says ${failedAttempts}`,
            },
          ]),
    ];
  });
}
