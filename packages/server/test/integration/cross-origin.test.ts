/** Web applications of other origins at the public listener: only those named in the configuration, only device paths. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Config } from "../../src/config.ts";
import { startBank, type Bank } from "../bank.ts";
import { withStore } from "../stores.ts";

const origin = "https://bank.example";
const named = { allowedOrigins: [origin] };

function withBank(title: string, config: Partial<Config>, work: (bank: Bank) => Promise<void>): void {
  test(title, (t) =>
    withStore("sqlite", {}, t, async (opened) => {
      const bank = await startBank({ opened, config });
      try {
        await work(bank);
      } finally {
        await bank.close();
      }
    }),
  );
}

const preflight = (base: string, path: string, from: string) =>
  fetch(base + path, {
    method: "OPTIONS",
    headers: {
      origin: from,
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type,x-powerauth-authorization",
    },
  });

const allowedFor = (response: Response) => response.headers.get("access-control-allow-origin");

withBank(
  "a named origin gets its preflight and may read answers, with and without the base path, refusals included",
  named,
  async (bank) => {
    for (const base of [bank.publicUrl, new URL(bank.publicUrl).origin]) {
      const asked = await preflight(base, "/pa/v3/status", origin);
      assert.equal(asked.status, 204);
      assert.equal(allowedFor(asked), origin);
      assert.equal(asked.headers.get("access-control-allow-headers"), "*, authorization");
      assert.equal(asked.headers.get("access-control-allow-credentials"), null);
      const answer = await fetch(`${base}/pa/v3/status`, { method: "POST", headers: { origin }, body: "{}" });
      assert.equal(answer.status, 200);
      assert.equal(allowedFor(answer), origin);
      assert.equal(answer.headers.get("vary"), "origin");
    }
    const refused = await fetch(`${bank.publicUrl}/pa/v3/signature/validate`, { method: "POST", headers: { origin } });
    assert.equal(refused.status, 401);
    assert.equal(allowedFor(refused), origin);
  },
);

withBank("another origin, a look-alike and the null origin get nothing", named, async (bank) => {
  for (const other of ["https://evil.example", "https://bank.example.evil", "http://bank.example", "null", "*"]) {
    assert.equal(allowedFor(await preflight(bank.publicUrl, "/pa/v3/status", other)), null, other);
  }
});

withBank("unless configured, no origin gets anything", {}, async (bank) => {
  const asked = await preflight(bank.publicUrl, "/pa/v3/status", origin);
  assert.equal(asked.status, 404);
  assert.equal(allowedFor(asked), null);
});

withBank("our own page under the other name of this machine is no other origin; another port is", {}, async (bank) => {
  const { port } = new URL(bank.publicUrl);
  const own = `http://localhost:${port}`;
  assert.equal(allowedFor(await preflight(bank.publicUrl, "/pa/v3/status", own)), own);
  assert.equal(allowedFor(await preflight(bank.publicUrl, "/approve/v1/enrol", own)), own);
  assert.equal(allowedFor(await preflight(bank.publicUrl, "/oidc/token", own)), null);
  for (const other of [`http://localhost:${Number(port) + 1}`, "http://localhost", `https://localhost:${port}`]) {
    assert.equal(allowedFor(await preflight(bank.publicUrl, "/pa/v3/status", other)), null, other);
  }
});

withBank(
  "paths that are not for devices stay closed to origins, and so does the private listener",
  named,
  async (bank) => {
    for (const path of ["/health/live", "/.well-known/countersign/jwks.json", "/oidc/token", "/paper"]) {
      assert.equal(allowedFor(await preflight(new URL(bank.publicUrl).origin, path, origin)), null, path);
    }
    assert.equal(allowedFor(await preflight(bank.privateUrl, "/rest/v3/status", origin)), null);
  },
);

withBank("a path with two slashes reaches the same route, as clients in the field write it", {}, async (bank) => {
  const answer = await fetch(`${bank.publicUrl}//pa//v3/status`, { method: "POST", body: "{}" });
  assert.equal(answer.status, 200);
});
