/** Push messages in the shapes in which the platforms hand them over. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { PushParser } from "../../src/mobile-token/index.ts";

const created = { messageType: "mtoken.operationInit", operationId: "1", operationName: "login" };
const content = { title: "Title", message: "Text" };

describe("PushParser", () => {
  test("reads a new operation beside aps, in a data map or text, in a remote message, and in a Web Push", () => {
    const expected = { kind: "operationCreated", id: "1", name: "login" };
    assert.deepEqual(PushParser.parseNotification(created), expected);
    assert.deepEqual(PushParser.parseNotification({ data: created, from: "1" }), expected);
    const shown = { title: "Title", body: "Text" };
    for (const payload of [
      { ...created, aps: { alert: shown, badge: 1 } },
      { data: created, notification: shown },
      { ...created, notification: shown },
      { data: { ...created, aps: { alert: shown } } },
      { data: JSON.stringify(created), notification: shown },
      JSON.stringify({ ...created, notification: shown }),
    ]) {
      assert.deepEqual(PushParser.parseNotification(payload), { ...expected, content });
    }
  });

  test("has both title and text of a notification, or neither", () => {
    for (const alert of [{ title: "Title" }, { body: "Text" }, { title: "", body: "Text" }, "Text", null, 1]) {
      const parsed = PushParser.parseNotification({ ...created, aps: { alert } });
      assert.ok(parsed?.kind === "operationCreated" && !("content" in parsed));
    }
  });

  test("reads how an operation ended, as unknown where the result is a later one", () => {
    const finished = { messageType: "mtoken.operationFinished", operationId: "1", operationName: "login" };
    const rows = {
      "authentication.success": "success",
      "authentication.fail": "fail",
      "operation.timeout": "timeout",
      "operation.canceled": "canceled",
      "operation.methodNotAvailable": "methodNotAvailable",
      "operation.later": "unknown",
      constructor: "unknown",
    };
    for (const [mtokenOperationResult, result] of Object.entries(rows)) {
      const expected = { kind: "operationFinished", id: "1", name: "login", result };
      assert.deepEqual(PushParser.parseNotification({ ...finished, mtokenOperationResult }), expected);
    }
    assert.equal(PushParser.parseNotification(finished), undefined);
  });

  test("reads a new inbox message, and for which activation a message is", () => {
    const inbox = { messageType: "mtoken.inboxMessage.new", inboxId: "666" };
    assert.deepEqual(PushParser.parseNotification(inbox), { kind: "inboxMessageReceived", id: "666" });
    const addressed = { ...inbox, activationId: "a" };
    assert.deepEqual(PushParser.parseNotification(addressed), {
      kind: "inboxMessageReceived",
      id: "666",
      activationId: "a",
    });
  });

  test("leaves everything else to the application", () => {
    const { operationId: _, ...withoutId } = created;
    const { operationName: __, ...withoutName } = created;
    for (const payload of [
      undefined,
      null,
      "",
      7,
      [],
      [created],
      {},
      { data: {} },
      { messageType: "other" },
      withoutId,
      withoutName,
      { ...created, operationId: 1 },
      { ...created, operationId: "" },
      { messageType: "mtoken.inboxMessage.new" },
      { messageType: "other", data: created },
      { data: "{" },
      { data: JSON.stringify("text") },
      JSON.stringify([created]),
      "text",
    ]) {
      assert.equal(PushParser.parseNotification(payload), undefined, JSON.stringify(payload));
    }
  });

  test("never throws, whatever JSON comes", () => {
    const member = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom(...Object.values(created)));
    const members = { operationId: member, operationName: member, inboxId: member, aps: member, notification: member };
    const message = fc.record({ ...members, messageType: member, mtokenOperationResult: member }, { requiredKeys: [] });
    const payload = fc.oneof(message, fc.record({ data: message }), fc.jsonValue());
    fc.assert(
      fc.property(payload, (value) => {
        const parsed = PushParser.parseNotification(value);
        return parsed === undefined || parsed.id !== "";
      }),
      { numRuns: Number(process.env.FUZZ_RUNS ?? 20_000) },
    );
  });
});
