import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { canonicalJson } from "@countersign/protocol/canonical-json";
import { chainEvent, saltLength } from "../../src/audit/chain.ts";
import { applicationBucket, newId, newUuid7, userBucket } from "../../src/ids.ts";
import { retryDelay, retryPolicy } from "../../src/notifications/delivery/queue.ts";

const zeros = (length: number): Uint8Array => new Uint8Array(length);

test("canonical JSON does not depend on the order of members and reads back as the same value", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value);
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
      assert.equal(canonicalJson(JSON.parse(text)), text);
    }),
  );
  assert.equal(
    canonicalJson({ b: 1, a: { d: [1, undefined], c: "é\u0000" }, x: undefined }),
    '{"a":{"c":"é\\u0000","d":[1,null]},"b":1}',
  );
  for (const bad of [Number.NaN, 1n, () => 1, { a: Number.POSITIVE_INFINITY }])
    assert.throws(() => canonicalJson(bad), TypeError);
});

test("an entry's hash covers lane, number, id, type, subject, time, payload digest and the hash before it", () => {
  const draft = { type: "operation.approved", subject: "o1", applications: ["app"], data: { z: 1, a: "x" } } as const;
  const made = { id: "e1", at: 42, salt: "A".repeat(saltLength) };
  const { row, head } = chainEvent({ lane: "l1", seq: 6, hash: "before" }, "default", draft, made);
  assert.equal(
    row.payload,
    '{"id":"e1","type":"operation.approved","ver":1,"tenant":"default","subject":"o1","seq":7,"at":42,"data":{"z":1,"a":"x"}}',
  );
  const sha256 = (text: string) => createHash("sha256").update(text).digest("base64");
  assert.equal(row.payload_digest, sha256(made.salt + row.payload));
  assert.equal(
    row.hash,
    sha256(JSON.stringify(["l1", 7, "e1", "operation.approved", "o1", 42, row.payload_digest, "before"])),
  );
  assert.deepEqual(head, { lane: "l1", seq: 7, hash: row.hash });
});

test("ids are UUIDv4 in lower case whose first 12 bits are the bucket; internal ids are UUIDv7 of their time", () => {
  for (const bucket of [0, 1, 0xabc, 4095]) {
    const id = newId((length) => new Uint8Array(length).fill(0xff), bucket);
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(Number.parseInt(id.slice(0, 3), 16), bucket);
  }
  assert.equal(newUuid7(zeros, 0x0123456789ab), "01234567-89ab-7000-8000-000000000000");
  assert.equal(userBucket("t", "u"), userBucket("t", "u"));
  assert.ok(userBucket("t", "u") >= 0 && userBucket("t", "u") < 4096);
  assert.notEqual(userBucket("t", "u"), applicationBucket("t", "u"));
});

test("waits between tries grow by half from two seconds and stay at five minutes", () => {
  const waits = Array.from({ length: 16 }, (_, at) => retryDelay(retryPolicy, at + 1));
  assert.deepEqual(waits.slice(0, 7), [2000, 3000, 4500, 6750, 10125, 15188, 22781]);
  assert.deepEqual(waits.slice(-4), [259_493, 300_000, 300_000, 300_000]);
});
