/** The Approve SDK as an application's bundler takes it: what is in it, and how large it is. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { bundle } from "../../tools/browser.ts";

/** Bytes with gzip; a third of it is the elliptic curve, the hashes and JOSE. */
const limit = 82_000;

test("the bundled Approve SDK has nothing of Node, and says how large it is", async () => {
  const { code, modules } = await bundle(join(import.meta.dirname, "approve-entry.ts"));
  const foreign = modules.filter((name) =>
    /packages\/(?!client|protocol)|file\.ts$|pinned-fetch|crypto-node|^node:|mobile-token/.test(name),
  );
  assert.deepEqual(foreign, []);
  assert.doesNotMatch(code, /["'`]node:/);
  const size = gzipSync(code).length;
  console.log(`approve-entry.ts: ${code.length} bytes minified, ${size} bytes with gzip`);
  assert.ok(size <= limit, `${size} bytes with gzip, at most ${limit}`);
});
