/** What the authenticator costs to load. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { builtPages } from "../../tools/build-web.ts";

describe("size of the authenticator", () => {
  const folder = join(builtPages, "authenticator");
  const scripts = readdirSync(join(folder, "assets"))
    .filter((name) => name.endsWith(".js"))
    .map((name) => ({ name, size: gzipSync(readFileSync(join(folder, "assets", name)), { level: 9 }).length }));
  const html = readFileSync(join(folder, "index.html"), "utf8");
  const sum = (list: typeof scripts) => list.reduce((total, { size }) => total + size, 0);

  test("the scripts that it needs to open and approve are at most 120 kB (gzip)", (t) => {
    const first = scripts.filter(({ name }) => html.includes(name));
    for (const { name, size } of scripts) t.diagnostic(`${name}: ${size}`);
    t.diagnostic(`to open: ${sum(first)} bytes, with camera and Approve: ${sum(scripts)} bytes`);
    assert.ok(first.length > 0);
    assert.ok(sum(first) <= 120_000, `${sum(first)} bytes`);
  });

  test("with the camera's decoder and all of Approve they are at most 170 kB (gzip)", () => {
    assert.ok(sum(scripts) <= 170_000, `${sum(scripts)} bytes`);
  });
});
