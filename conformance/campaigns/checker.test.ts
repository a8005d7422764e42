/** The checker itself: a right history passes, and each rule is broken once by hand. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReceiptClaims } from "@countersign/protocol/receipt";
import { checkRaces } from "./check-races.ts";
import { check } from "./checker.ts";
import type { AuditRow, Dump } from "./dump.ts";
import type { CancelEntry, CreateEntry, DecideEntry, Entry, OddEntry, ReadEntry, StatusEntry } from "./history.ts";

interface Story {
  readonly create: CreateEntry;
  /** Answered 401, counter 0. */
  readonly wrong: DecideEntry;
  /** Answered 200, counter 1. */
  readonly approve: DecideEntry;
  readonly cancel: CancelEntry;
  readonly read: ReadEntry;
  readonly status: StatusEntry;
  readonly more: Entry[];
  readonly dump: { -readonly [K in keyof Dump]: Dump[K] };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? Mutable<E>[] : Mutable<T[K]> };

const expires = 10_000;

/** One operation that a device approved after one wrong PIN, while the bank cancelled too late. */
function story(): Mutable<Story> {
  const base = { kind: "decide", activation: "device", operation: "op" } as const;
  const claims = {
    operation: { id: "op", status: "APPROVED", data: "A1" },
    decisions: [
      {
        decision: "approve",
        at: expires - 1,
        evidence: { factors: ["possession", "knowledge"], activationId: "device", counter: 1, signedSha256: "right" },
      },
    ],
    audit: { lane: "lane", seq: 3, hash: "hash 3" },
  } as unknown as ReceiptClaims;
  const event = (seq: number, type: string, subject: string, data: object = {}): AuditRow => {
    return { lane: "lane", seq, hash: `hash ${seq}`, type, subject, payload: JSON.stringify({ data }) };
  };
  const factors = ["possession", "knowledge"];
  const made: Story = {
    create: { kind: "create", key: "key", operation: "op", sent: 1, answered: 2, status: 201 },
    wrong: { ...base, action: "approve", pin: "wrong", counter: 0, digest: "wrong", sent: 3, answered: 4, status: 401 },
    approve: {
      ...base,
      action: "approve",
      pin: "right",
      counter: 1,
      digest: "right",
      sent: 5,
      answered: 7,
      status: 200,
    },
    cancel: { kind: "cancel", operation: "op", sent: 6, answered: 8, status: 409, code: "operation-finished" },
    read: { kind: "read", operation: "op", sent: 9, answered: 10, status: 200, state: "APPROVED" },
    status: { kind: "status", activation: "device", sent: 11, answered: 12, state: 3, failedAttempts: 0, counter: 2 },
    more: [],
    dump: {
      operations: [
        { id: "op", status: "APPROVED", external_id: "key", data: "A1", failure_count: 1, expires_at: expires },
      ],
      activations: [{ id: "device", status: "ACTIVE", failed_attempts: 0, max_failed_attempts: 5, counter: 2 }],
      audit: [
        event(1, "operation.created", "op"),
        event(2, "signature.failed", "device", { counter: 0, factors }),
        event(3, "operation.approved", "op"),
      ],
      receipts: new Map([["op", claims]]),
      unexpected: [],
    },
  };
  return made as unknown as Mutable<Story>;
}

function rulesBrokenBy(change: (told: Mutable<Story>) => void): string[] {
  const told = story();
  change(told);
  const { create, wrong, approve, cancel, read, status, more, dump } = told as unknown as Story;
  const entries: Entry[] = [create, wrong, approve, cancel, read, status, ...more];
  const found = [
    ...check(entries, dump),
    ...checkRaces(
      entries.filter((entry) => entry !== wrong),
      dump,
    ),
  ];
  return [...new Set(found.map(({ rule }) => rule))];
}

function receiptOf({ dump }: Mutable<Story>): Mutable<ReceiptClaims> {
  return (dump.receipts as Map<string, Mutable<ReceiptClaims>>).get("op")!;
}

test("a right history breaks no rule", () => {
  assert.deepEqual(
    rulesBrokenBy(() => undefined),
    [],
  );
});

const changes: Readonly<Record<string, readonly [rule: string, change: (told: Mutable<Story>) => void]>> = {
  "what only a runner could see": [
    "strange",
    ({ more }) => more.push({ kind: "odd", rule: "strange", text: "", sent: 20 } satisfies OddEntry),
  ],
  "an audit that does not verify": ["audit-verifies", ({ dump }) => (dump.auditProblem = "broken")],
  "an error nobody had foreseen": ["no-unexpected-error", ({ dump }) => dump.unexpected.push("oops")],
  "an answer 500": ["no-server-error", ({ cancel }) => (cancel.status = 500)],
  "an acknowledged operation that is gone": ["create-kept", ({ create }) => (create.operation = "other")],
  "two operations under one key": [
    "create-once",
    ({ dump }) => dump.operations.push({ ...dump.operations[0]!, id: "second", status: "PENDING" }),
  ],
  "two ends of one operation": [
    "one-decision",
    ({ dump }) => dump.audit.push({ ...dump.audit[2]!, seq: 4, type: "operation.canceled" }),
  ],
  "an end without an event": ["event-written", ({ dump }) => dump.audit.splice(2, 1)],
  "an event of another end": ["event-written", ({ dump }) => (dump.audit[2]!.type = "operation.rejected")],
  "a reader who saw another end": ["readers-agree", ({ read }) => (read.state = "CANCELED")],
  "a reader who saw none afterwards": ["readers-agree", ({ read }) => (read.state = "PENDING")],
  "an approval that is not in the row": ["acknowledged-kept", ({ dump }) => (dump.operations[0]!.status = "REJECTED")],
  "an approval without a receipt": ["acknowledged-kept", ({ dump }) => (dump.receipts as Map<string, unknown>).clear()],
  "a receipt for another signature": ["acknowledged-kept", ({ approve }) => (approve.digest = "other")],
  "a receipt nobody signed for": [
    "receipt-verifies",
    (told) => (receiptOf(told).decisions[0]!.evidence.signedSha256 = "made up"),
  ],
  "a receipt at another place of the audit": ["receipt-verifies", (told) => (receiptOf(told).audit.hash = "other")],
  "a decision at the deadline": ["expired-stays", (told) => (receiptOf(told).decisions[0]!.at = expires)],
  "a counter used twice": [
    "counter-once",
    ({ dump }) => (dump.audit[1]!.payload = dump.audit[1]!.payload.replace('"counter":0', '"counter":1')),
  ],
  "a counter that did not move": ["counter-moved", ({ dump }) => (dump.activations[0]!.counter = 1)],
  "a status from before an accepted signature": ["counter-moved", ({ status }) => (status.counter = 1)],
  "a wrong try that is not counted": [
    "attempts-counted",
    ({ approve, dump }) => {
      approve.status = 401;
      approve.pin = "wrong";
      dump.operations[0]!.status = "PENDING";
    },
  ],
  "more wrong tries than the limit": ["limit-kept", ({ dump }) => (dump.activations[0]!.failed_attempts = 6)],
  "a block before the limit": ["limit-kept", ({ dump }) => (dump.activations[0]!.status = "BLOCKED")],
  "two winners": ["one-winner", ({ cancel }) => (cancel.status = 200)],
  "a loser who is told of another end": ["told-consistently", ({ cancel }) => (cancel.code = "operation-expired")],
  "a loser who is told nothing": ["told-consistently", ({ cancel }) => delete cancel.answered && delete cancel.code],
};

for (const [name, [rule, change]] of Object.entries(changes)) {
  test(`${name} breaks the rule ${rule}`, () => {
    assert.ok(rulesBrokenBy(change).includes(rule), `broken: ${rulesBrokenBy(change).join(", ")}`);
  });
}
