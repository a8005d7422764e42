/** The vectors this project owns, and the strictness of what checks them. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { nodeCrypto } from "@countersign/protocol/crypto-node";
import { checkFile } from "../../../../vectors/file.ts";
import { checkRow } from "../../../../vectors/row.ts";
import { checks } from "../../../../vectors/rows.ts";

const folder = new URL("../../../../vectors/", import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith(".json"));

function read(name: string): { readonly data: readonly Record<string, unknown>[] } {
  return JSON.parse(readFileSync(new URL(name, folder), "utf8")) as ReturnType<typeof read>;
}

test("there is a check for each file of vectors and a file for each check", () => {
  assert.deepEqual(names.toSorted(), [...checks.keys()].toSorted());
});

for (const name of names) {
  test(`${name} agrees in every row on both providers`, () => {
    const { failed, passed, failures } = checkFile(name, readFileSync(new URL(name, folder), "utf8"));
    assert.deepEqual(failures, []);
    assert.ok(failed === 0 && passed > 0);
  });
}

/** Every way to change one value somewhere inside, with its path. */
function* changesOf(value: unknown, path = ""): Generator<readonly [path: string, changed: unknown]> {
  if (typeof value === "string") yield [path, (value.startsWith("A") ? "B" : "A") + value.slice(1)];
  else if (typeof value === "number") yield [path, value + 1];
  else if (typeof value === "boolean") yield [path, !value];
  else if (value === null) yield [path, "AAAAAAAAAAAAAAAAAAAAAA=="];
  else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      for (const [inner, changed] of changesOf(item, `${path}.${index}`)) yield [inner, value.with(index, changed)];
    }
    yield [path, value.slice(1)];
  } else if (typeof value === "object") {
    const entries = Object.entries(value);
    for (const [name, member] of entries) {
      for (const [inner, changed] of changesOf(member, `${path}.${name}`)) yield [inner, { ...value, [name]: changed }];
      yield [`${path}.${name} (missing)`, Object.fromEntries(entries.filter(([other]) => other !== name))];
    }
    yield [`${path}.another`, { ...value, another: "x" }];
  }
}

/** Before 3.2 an envelope is bound to neither application nor activation; a password is good for a whole step. */
const meaningless: readonly string[] = [
  "ecies-30.json.input.applicationKey",
  "ecies-31.json.input.applicationKey",
  "ecies-31.json.input.activationId",
  "totp-sha256.json.input.time",
];

test("no row passes after any one value of it was changed, taken away or added", () => {
  const passing = names.flatMap((name) => {
    // The second row: the first of some files is an empty query, of which many changes mean nothing.
    const changes = [...changesOf(read(name).data[1])];
    return changes
      .filter(([, changed]) => checkRow(checks.get(name)!, nodeCrypto, changed).length === 0)
      .map(([path]) => name + path);
  });
  assert.deepEqual(passing, meaningless);
});

test("rows and files of odd shape are failures, never skipped", () => {
  const check = checks.get("counter.json")!;
  for (const row of [
    undefined,
    null,
    5,
    "x",
    [],
    {},
    { input: {} },
    { input: {}, output: [] },
    { input: { ctrData: 5 }, output: { ctrData: "" } },
  ]) {
    assert.notDeepEqual(checkRow(check, nodeCrypto, row), [], JSON.stringify(row));
  }
  for (const text of [
    "",
    "{",
    "null",
    "[]",
    "{}",
    '{"data":[]}',
    '{"description":"","generator":"","data":[]}',
    '{"description":"","generator":"","data":[{}],"x":1}',
  ]) {
    assert.ok(checkFile("counter.json", text).failed > 0, text);
  }
  assert.ok(checkFile("unknown.json", '{"description":"","generator":"","data":[]}').failed > 0);
});
