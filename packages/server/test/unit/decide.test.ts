/** The state machine of operations: every action from every state by every kind of actor, and sequences of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type Actor,
  type BackOfficeActor,
  decide,
  type Decided,
  type DeviceActor,
  failOnce,
  type ProximityResult,
} from "../../src/operations/decide.ts";
import { type OperationAction, transitions } from "../../src/operations/operation.ts";
import type { OperationStatus } from "../../src/store/schema.ts";
import type { OperationRow } from "../../src/store/store.ts";

const created = 1_000_000;
const expires = created + 300_000;
const inTime = created + 1000;

const pending: OperationRow = {
  tenant: "default",
  id: "6e5f34d6-1f0d-4a8b-9d0e-7b2f2f3c4d5e",
  user_id: "alice",
  external_id: "order-1",
  activation_id: "activation-1",
  activation_flag: "GOLD",
  template_name: "payment",
  operation_type: "payment",
  data: "A1*A100CZK",
  parameters: '{"amount":"100"}',
  additional_data: '{"channel":"web"}',
  applications: '["bank","shop"]',
  signature_types: '["POSSESSION_KNOWLEDGE"]',
  status: "PENDING",
  status_reason: null,
  failure_count: 0,
  max_failure_count: 3,
  risk_flags: null,
  created_at: created,
  expires_at: expires,
  finalized_at: null,
  proximity_seed_sealed: null,
  approval: null,
  backchannel_id: null,
  backchannel_sink: null,
};

const device: DeviceActor = {
  kind: "device",
  activationId: "activation-1",
  userId: "alice",
  applicationId: "bank",
  flags: ["GOLD"],
  factors: "possession_knowledge",
};
const backOffice: BackOfficeActor = {
  kind: "back-office",
  clientId: "client-1",
  userId: "alice",
  applicationId: "shop",
  factors: "possession_knowledge",
  activationId: "activation-1",
};

type Standing = "entitled" | "foreign" | "held" | "without-flag";
const actors: readonly { readonly name: string; readonly actor: Actor; readonly standing: Standing }[] = [
  { name: "the device", actor: device, standing: "entitled" },
  { name: "a device of another user", actor: { ...device, userId: "bob" }, standing: "foreign" },
  { name: "a device of another application", actor: { ...device, applicationId: "game" }, standing: "foreign" },
  { name: "another device of the user", actor: { ...device, activationId: "activation-2" }, standing: "foreign" },
  { name: "the device without the flag", actor: { ...device, flags: [] }, standing: "without-flag" },
  {
    name: "the device under verification",
    actor: { ...device, flags: ["GOLD", "VERIFICATION_PENDING"] },
    standing: "held",
  },
  {
    name: "the device in verification",
    actor: { ...device, flags: ["GOLD", "VERIFICATION_IN_PROGRESS"] },
    standing: "held",
  },
  { name: "a back office", actor: backOffice, standing: "entitled" },
  { name: "a back office for another user", actor: { ...backOffice, userId: "bob" }, standing: "foreign" },
  {
    name: "a back office for another application",
    actor: { ...backOffice, applicationId: "game" },
    standing: "foreign",
  },
  {
    name: "a back office for another activation",
    actor: { ...backOffice, activationId: "activation-2" },
    standing: "foreign",
  },
  { name: "the server", actor: { kind: "system" }, standing: "entitled" },
];

const actions = Object.keys(transitions) as OperationAction[];
const finals: readonly OperationStatus[] = ["APPROVED", "REJECTED", "CANCELED", "EXPIRED", "FAILED"];
/** Status in the row, time of the call, and the status that readers are told at that time. */
const states: readonly { readonly row: OperationRow; readonly now: number; readonly told: OperationStatus }[] = [
  { row: pending, now: inTime, told: "PENDING" },
  { row: pending, now: expires - 1, told: "PENDING" },
  { row: pending, now: expires, told: "EXPIRED" },
  { row: pending, now: expires + 1, told: "EXPIRED" },
  ...finals.map((status) => ({ row: { ...pending, status, finalized_at: inTime }, now: inTime, told: status })),
];

function expected(
  action: OperationAction,
  standing: Standing,
  told: OperationStatus,
  row: OperationRow,
): Decided["kind"] {
  if (standing === "foreign") return "not-entitled";
  if (action === "expire") return told === "EXPIRED" && row.status === "PENDING" ? "decided" : "final";
  if (told !== "PENDING") return "final";
  if (standing === "held") return "device-held";
  return standing === "without-flag" ? "flag-missing" : "decided";
}

test("An operation that asks for a proximity check is approved with SUCCESS only, and rejected without", () => {
  const near = { ...pending, proximity_seed_sealed: "sealed" };
  const approve = (proximity?: ProximityResult) =>
    decide(near, { action: "approve", actor: device, data: near.data, ...(proximity && { proximity }) }, inTime).result;
  assert.equal(approve("SUCCESS").kind, "decided");
  for (const other of [undefined, "FAILED", "ERROR", "DISABLED"] as const) {
    const result = approve(other);
    assert.deepEqual([result.kind, "reason" in result && result.reason], ["attempt-failed", "proximity"]);
  }
  assert.equal(decide(near, { action: "reject", actor: device }, inTime).result.kind, "decided");
});

test("Every action from every state by every actor ends as the transition table says, and only a decision and an expiry met on the way write", () => {
  let cases = 0;
  for (const action of actions) {
    for (const { row, now, told } of states) {
      for (const { name, actor, standing } of actors) {
        if (action === "approve" && actor.kind === "system") continue;
        const input = { action, actor, ...(action === "approve" && { data: pending.data }) };
        const { result, writes } = decide(row, input, now);
        const title = `${action} by ${name} when ${row.status} at ${now - created}`;
        assert.equal(result.kind, expected(action, standing, told, row), title);
        const metOverdue = result.kind === "final" && row.status === "PENDING" && told === "EXPIRED";
        const written = result.kind === "decided" || metOverdue;
        assert.equal(writes.operation !== undefined, written, title);
        assert.equal((writes.events ?? []).length, written ? 1 : 0, title);
        if (metOverdue) {
          assert.equal(writes.operation?.set.status, "EXPIRED", title);
          assert.equal(writes.events?.[0]?.type, "operation.expired", title);
        }
        if (result.kind === "final")
          assert.equal(result.operation.status, action === "expire" ? row.status : told, title);
        if (result.kind === "decided") {
          assert.equal(result.operation.status, transitions[action].to, title);
          assert.equal(result.operation.finalized_at, now, title);
          assert.equal(writes.operation?.from, row, title);
          assert.equal(writes.events?.[0]?.type, transitions[action].event, title);
        }
        cases++;
      }
    }
  }
  assert.equal(cases, actions.length * states.length * actors.length - states.length);
});

test("The server itself never approves: that is a broken promise, not an outcome", () => {
  assert.throws(() => decide(pending, { action: "approve", actor: { kind: "system" }, data: pending.data }, inTime));
});

test("An operation that does not exist is not found, whatever is asked of it", () => {
  for (const action of actions) {
    for (const { actor } of actors) {
      assert.deepEqual(decide(undefined, { action, actor }, inTime), { result: { kind: "not-found" }, writes: {} });
    }
  }
  assert.equal(failOnce(undefined, { action: "approve", actor: device }, inTime).result.kind, "not-found");
  assert.equal(failOnce(undefined, { action: "fail", actor: backOffice }, inTime).result.kind, "not-found");
});

test("Approval asks for data that are equal to the last character and for a combination that the template lists", () => {
  const wrong = [undefined, "", "A1*A100CZ", "A1*A100CZKx", "A1*A101CZK", "a1*A100CZK", "A1*A100CZK "];
  for (const data of wrong) {
    const { result } = decide(
      pending,
      { action: "approve", actor: device, ...(data !== undefined && { data }) },
      inTime,
    );
    assert.ok(result.kind === "attempt-failed" && result.reason === "data", String(data));
  }
  for (const factors of ["possession", "possession_biometry", "possession_knowledge_biometry", "knowledge", ""]) {
    const actor = { ...device, factors };
    const { result } = decide(pending, { action: "approve", actor, data: pending.data }, inTime);
    assert.ok(result.kind === "attempt-failed" && result.reason === "factor", factors);
  }
});

test("Rejecting and canceling need neither data nor a listed combination", () => {
  const { result } = decide(pending, { action: "reject", actor: { ...device, factors: "possession" } }, inTime);
  assert.equal(result.kind, "decided");
});

test("A failed try counts one, the last one makes the operation FAILED with its own event, and none is counted after", () => {
  let row = pending;
  for (let count = 1; count <= pending.max_failure_count; count++) {
    const { result, writes } = decide(row, { action: "approve", actor: device, data: "other" }, inTime);
    assert.ok(result.kind === "attempt-failed");
    assert.equal(result.operation.failure_count, count);
    const last = count === pending.max_failure_count;
    assert.equal(result.operation.status, last ? "FAILED" : "PENDING");
    assert.equal(result.operation.finalized_at, last ? inTime : null);
    const types = (writes.events ?? []).map(({ type }) => type);
    assert.deepEqual(types, last ? ["operation.attempt.failed", "operation.failed"] : ["operation.attempt.failed"]);
    row = result.operation;
  }
  for (const again of [
    decide(row, { action: "approve", actor: device, data: pending.data }, inTime),
    failOnce(row, { action: "approve", actor: device }, inTime),
    failOnce(row, { action: "fail", actor: backOffice }, inTime),
  ]) {
    assert.equal(again.result.kind, "final");
    assert.deepEqual(again.writes, {});
  }
});

test("A wrong signature counts only for an entitled device that is not held and only while pending (invariant 6)", () => {
  for (const { row, now, told } of states) {
    for (const { actor, standing, name } of actors) {
      if (actor.kind !== "device") continue;
      const { result, writes } = failOnce(row, { action: "approve", actor }, now);
      const counted = standing === "entitled" && told === "PENDING";
      assert.equal(result.kind === "attempt-failed", counted, `${name} ${told}`);
      assert.equal(
        writes.operation?.set.failure_count !== row.failure_count && writes.operation !== undefined,
        counted,
        `${name} ${told}`,
      );
    }
  }
});

test("A failed try binds no user; a decision records the user who made it, and cancel and expiry none", () => {
  const unclaimed = { ...pending, user_id: null };
  const failed = decide(unclaimed, { action: "approve", actor: device, data: "other" }, inTime).result;
  assert.ok(failed.kind === "attempt-failed");
  assert.equal(failed.operation.user_id, null);
  const userAfter = (action: OperationAction, actor: Actor, now: number) => {
    const { result } = decide(unclaimed, { action, actor, data: pending.data }, now);
    assert.ok(result.kind === "decided");
    return result.operation.user_id;
  };
  assert.equal(userAfter("approve", device, inTime), "alice");
  assert.equal(userAfter("reject", { ...device, userId: "bob" }, inTime), "bob");
  assert.equal(userAfter("cancel", { kind: "system" }, inTime), null);
  assert.equal(userAfter("expire", { kind: "system" }, expires), null);
});

test("Additional data are merged over what stands there; the reason of a cancel becomes the status reason", () => {
  const additionalData = { channel: "phone", note: { deep: [1, 2.5] } };
  const { result } = decide(pending, { action: "approve", actor: device, data: pending.data, additionalData }, inTime);
  assert.ok(result.kind === "decided");
  assert.deepEqual(JSON.parse(result.operation.additional_data), { channel: "phone", note: { deep: [1, 2.5] } });
  assert.equal(result.operation.status_reason, null);
  const cancel = decide(
    pending,
    { action: "cancel", actor: { kind: "system", clientId: "c" }, reason: "FRAUD" },
    inTime,
  );
  assert.ok(cancel.result.kind === "decided");
  assert.equal(cancel.result.operation.status_reason, "FRAUD");
  assert.deepEqual(cancel.writes.events?.[0]?.data.by, { kind: "system", clientId: "c" });
});

interface Step {
  readonly call: "decide" | "wrong-signature" | "fail-once";
  readonly action: OperationAction;
  readonly actor: number;
  readonly data: string;
  readonly at: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  call: fc.constantFrom("decide", "wrong-signature", "fail-once"),
  action: fc.constantFrom(...actions),
  actor: fc.nat(actors.length - 1),
  data: fc.constantFrom(pending.data, "other"),
  at: fc.integer({ min: created, max: expires + 1000 }),
});

test("Property: in any sequence of calls at most one leaves PENDING, nothing is written after it, tries never exceed the limit", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), fc.integer({ min: 1, max: 4 }), (steps, most) => {
      let row: OperationRow = { ...pending, max_failure_count: most };
      let terminal = 0;
      for (const { call, action, actor: index, data, at } of steps) {
        const actor = actors[index]!.actor;
        if (call === "decide" && action === "approve" && actor.kind === "system") continue;
        if (call === "wrong-signature" && actor.kind !== "device") continue;
        const { result, writes } =
          call === "decide"
            ? decide(row, { action, actor, data }, at)
            : call === "fail-once"
              ? failOnce(row, { action: "fail", actor }, at)
              : failOnce(row, { action: "approve", actor }, at);
        if (writes.operation === undefined) {
          assert.ok(result.kind !== "decided" && result.kind !== "attempt-failed");
          continue;
        }
        assert.equal(row.status, "PENDING");
        row = { ...row, ...writes.operation.set };
        if (row.status !== "PENDING") terminal++;
        assert.ok(row.failure_count <= most);
        assert.equal(row.finalized_at !== null, row.status !== "PENDING");
      }
      assert.ok(terminal <= 1);
    }),
    { numRuns: 2000 },
  );
});
