/**
 * What the authenticator costs to load: bytes of script with gzip. The limits stand just above what it is, so that
 * whatever makes it larger is noticed and decided. A third is elliptic curve, hashes, JOSE, and the reader of QR codes.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { builtPages } from "../../tools/build-web.ts";

const limits = { first: 32_200, all: 162_000 };

describe("size of the authenticator", () => {
  const folder = join(builtPages, "authenticator");
  const scripts = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".js"))
    .map((name) => ({ name, size: gzipSync(readFileSync(join(folder, name)), { level: 9 }).length }));
  const html = readFileSync(join(folder, "index.html"), "utf8");
  const sum = (list: typeof scripts) => list.reduce((total, { size }) => total + size, 0);

  test("the first screen comes without the SDK", (t) => {
    const first = scripts.filter(({ name }) => html.includes(name.replaceAll("\\", "/")));
    for (const { name, size } of scripts) t.diagnostic(`${name}: ${size}`);
    t.diagnostic(`first screen: ${sum(first)} bytes, all: ${sum(scripts)} bytes`);
    assert.ok(first.length > 0);
    assert.ok(sum(first) <= limits.first, `${sum(first)} bytes`);
  });

  test("all scripts together are no larger than they were", () => {
    assert.ok(sum(scripts) <= limits.all, `${sum(scripts)} bytes`);
  });
});
