/** The pages for people as the server gives them out: each on its listener, under a policy without exceptions. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { builtPages } from "../../tools/build-web.ts";
import { openWorld, type World } from "../world.ts";

describe("pages for people", () => {
  let world: World;
  before(async () => {
    world = await openWorld({ name: "sqlite", drop: async () => undefined }, {}, { pages: builtPages });
  });
  after(() => world?.close());

  const places = () =>
    [
      ["authenticator", world.server.publicUrl, world.server.privateUrl],
      ["console", world.server.privateUrl, world.server.publicUrl],
    ] as const;

  test("the authenticator is on the public listener only, the console on the private one only; the demo bank is on neither", async () => {
    for (const [page, here, elsewhere] of places()) {
      const short = await fetch(`${here}/${page}?a=b`, { redirect: "manual" });
      assert.deepEqual([short.status, short.headers.get("location")], [308, `/${page}/?a=b`]);
      const answer = await fetch(`${here}/${page}/`);
      assert.equal(answer.status, 200);
      assert.match(answer.headers.get("content-type") ?? "", /^text\/html/);
      assert.equal((await fetch(`${elsewhere}/${page}/`)).status, 404);
      assert.equal((await fetch(`${here}/demo/`)).status, 404);
    }
  });

  test("every answer has the policy: own scripts and styles only, nothing inline, no frames", async () => {
    for (const [page, here] of places()) {
      const html = await fetch(`${here}/${page}/`);
      const text = await html.text();
      const assets = [...text.matchAll(/(?:src|href)="(\/[^"]+\.(?:js|css))"/g)].map(([, path]) => `${here}${path}`);
      assert.ok(assets.length >= 2, "script and style");
      assert.doesNotMatch(text, /<style|style=|<script>|\son[a-z]+="/);
      for (const answer of [html, ...(await Promise.all(assets.map((asset) => fetch(asset))))]) {
        assert.equal(answer.status, 200);
        const policy = answer.headers.get("content-security-policy") ?? "";
        assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self';/);
        assert.match(policy, /frame-ancestors 'none'/);
        assert.doesNotMatch(policy, /unsafe| \*[; ]/);
        assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
      }
    }
  });

  test("files whose name changes with them are kept for ever, the others are asked for again; all come compressed", async () => {
    const html = await fetch(`${world.server.publicUrl}/authenticator/`, { headers: { "accept-encoding": "br" } });
    assert.equal(html.headers.get("cache-control"), "no-cache");
    assert.equal(html.headers.get("content-encoding"), "br");
    const [, script] = /src="([^"]+\.js)"/.exec(await html.text()) ?? [];
    const asset = await fetch(world.server.publicUrl + script);
    assert.match(asset.headers.get("cache-control") ?? "", /immutable/);
    const worker = await fetch(`${world.server.publicUrl}/authenticator/service-worker.js`);
    assert.equal(worker.headers.get("cache-control"), "no-cache");
    assert.match(worker.headers.get("content-type") ?? "", /javascript/);
  });

  test("nothing outside a page's folder can be asked for", async () => {
    for (const path of [
      "../console/index.html",
      "..%2fconsole%2findex.html",
      "%2e%2e/console/index.html",
      "..\\console",
      "/etc/passwd",
      "%00",
    ]) {
      const { status } = await fetch(`${world.server.publicUrl}/authenticator/${path}`);
      assert.ok(status === 404 || status === 403 || status === 400, `${path}: ${status}`);
    }
  });
});
