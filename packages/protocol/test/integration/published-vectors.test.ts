/**
 * Vectors others have published, where they lie beside the repository (or where COUNTERSIGN_PUBLISHED_VECTORS says,
 * relative to the repository). All rows of all files that concern protocol 3.x, on both providers.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { providers, testOnBoth } from "../providers.ts";
import { envelopeChecks } from "./published/envelopes.ts";
import { argon2File, checkArgon2File, checkTotpFile, extractedChecks, totpFile } from "./published/extracted.ts";
import { joseChecks } from "./published/jose.ts";
import { notOurs } from "./published/not-ours.ts";
import { officialChecks } from "./published/official.ts";
import { arePresent, listPublished, readPublished } from "./published/read.ts";
import { wycheproofChecks } from "./published/wycheproof.ts";

const folders = [
  "reference/official",
  "reference/mobile-sdk-core",
  "reference/extracted",
  "protocol4-draft",
  "wycheproof",
];
const checks = [...officialChecks, ...extractedChecks, ...envelopeChecks, ...wycheproofChecks];

if (arePresent) {
  test("every published file is either checked or left out for a stated reason", () => {
    const known = new Set([
      ...checks.map(([path]) => path),
      ...joseChecks.keys(),
      argon2File,
      totpFile,
      ...notOurs.keys(),
    ]);
    assert.deepEqual(
      folders.flatMap(listPublished).filter((path) => !known.has(path)),
      [],
    );
    assert.equal(known.size, checks.length + joseChecks.size + 2 + notOurs.size);
  });

  for (const [path, check] of checks) {
    const content = readPublished<unknown>(path);
    testOnBoth(`${path} agrees in every row`, (crypto) => check(crypto, content));
  }

  for (const [path, check] of joseChecks) {
    test(`${path} agrees in every row with the Approve protocol`, () => check(readPublished<unknown>(path)));
  }

  test(`${argon2File} agrees in every row [OpenSSL]`, checkArgon2File);

  testOnBoth(`${totpFile} agrees in every SHA-256 row`, (crypto) => {
    assert.ok(checkTotpFile(crypto) >= 6);
  });
} else {
  console.log("published vectors: not present, skipped");
  test("published vectors", { skip: "not present" }, () => assert.equal(providers.length, 2));
}
