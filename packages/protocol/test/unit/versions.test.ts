import assert from "node:assert/strict";
import { test } from "node:test";
import { versionRow, versions } from "@countersign/protocol/powerauth/versions";

test("a version is looked up by its exact text and no other", () => {
  // 1. The header's text names a row.
  const row = versionRow("3.3")!;
  // 2. The row says what the version does.
  assert.ok(row.temporaryKeys && row.timestamp && row.responseNonce);
  // 3. Any other text names none.
  for (const text of [
    "",
    "3",
    "3.",
    "3.4",
    "2.1",
    "4.0",
    "3.00",
    " 3.3",
    "3.3 ",
    "constructor",
    "__proto__",
    "toString",
  ]) {
    assert.equal(versionRow(text), undefined, text);
  }
});

test("rules only ever switch on with a newer version", () => {
  const flags = [
    "requestNonce",
    "responseNonce",
    "timestamp",
    "versionInSharedInfo",
    "temporaryKeys",
    "statusChallenge",
    "versionInTokenDigest",
  ] as const;
  versions.slice(1).forEach((row, index) => {
    assert.ok(row.order > versions[index]!.order);
    for (const flag of flags) assert.ok(row[flag] || !versions[index]![flag], `${flag} in ${row.version}`);
  });
  assert.deepEqual(
    versions.map(({ version }) => version),
    ["3.0", "3.1", "3.2", "3.3"],
  );
});
