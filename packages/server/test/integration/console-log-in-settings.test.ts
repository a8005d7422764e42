/** Settings of the console's log-in: what is taken, what is refused before anything starts, and the name behind a proxy. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { operatorSettings, startOperatorsProvider } from "../../../../tools/operators-provider.ts";
import { serve } from "../../src/main.ts";
import { startBank } from "../bank.ts";
import { withStore } from "../stores.ts";

test("The secret may stand in the environment or in a file; settings that cannot work are named, never shown", async () => {
  const dataDirectory = await mkdtemp(join(tmpdir(), "countersign-console-"));
  const { clientSecret, ...settings } = operatorSettings("https://login.bank.example");
  const base = { port: 0, privatePort: 0 };
  const start = (consoleOpenId: unknown, environment: Record<string, string | undefined> = {}, more: object = {}) =>
    serve({ dataDirectory, log: "silent", config: { ...base, consoleOpenId, ...more }, environment });
  const file = join(dataDirectory, "secret");
  await writeFile(file, `${clientSecret}\n`);
  for (const environment of [
    { COUNTERSIGN_CONSOLE_OPENID_SECRET: clientSecret },
    { COUNTERSIGN_CONSOLE_OPENID_SECRET_FILE: file },
  ]) {
    await (await start(settings, environment)).close();
  }
  for (const [wrong, name] of [
    [settings, "clientSecret"],
    [{ ...settings, clientSecret, issuer: "http://login.bank.example" }, "issuer"],
    [{ ...settings, clientSecret, issuer: "https://login.bank.example/#a" }, "issuer"],
    [{ ...settings, clientSecret, algorithm: "HS256" }, "algorithm"],
    [{ ...settings, clientSecret, scopes: "groups" }, "scopes"],
    [{ ...settings, clientSecret, consoleUrl: "https://console.bank.example/console" }, "consoleUrl"],
    [{ ...settings, clientSecret, rules: [] }, "rules"],
    [{ ...settings, clientSecret, rules: [{ claim: "sub", value: "a", permissions: ["root"] }] }, "permissions"],
    ["text", "consoleOpenId"],
  ] as const) {
    await assert.rejects(start(wrong), (error: Error) => {
      assert.equal(error.name, "ServeError");
      assert.match(error.message, /^Setting consoleOpenId/);
      assert.ok(error.message.includes(name) && !error.message.includes(clientSecret), error.message);
      return true;
    });
  }
  const wide = { privateHost: "0.0.0.0", allowWidePrivate: true };
  await assert.rejects(start({ ...settings, clientSecret }, {}, wide), /consoleUrl is missing/);
  await rm(dataDirectory, { recursive: true });
});

test("Behind a proxy the configured address is where people come back to, and its name is known", (t) =>
  withStore("sqlite", {}, t, async (opened) => {
    const provider = await startOperatorsProvider();
    const settings = { ...operatorSettings(provider.issuer), consoleUrl: "https://console.bank.example" };
    const config = { consoleOpenId: settings, trustedProxies: ["127.0.0.1"] };
    const bank = await startBank({ opened: { ...opened, close: async () => {} }, config });
    provider.open("https://console.bank.example/console/log-in/answer");
    const ask = async (host: string) => {
      const headers = { host, "x-forwarded-proto": "https" };
      const request = get(`${bank.privateUrl}/console/log-in`, { agent: false, method: "POST", headers });
      const [reply] = (await once(request, "response")) as [IncomingMessage];
      return { status: reply.statusCode, cookie: reply.headers["set-cookie"]?.[0], body: await text(reply) };
    };
    const { status, cookie, body } = await ask("console.bank.example");
    assert.equal(status, 201);
    assert.match(cookie ?? "", /; Secure$/);
    const { location } = JSON.parse(body) as { location: string };
    const redirect = new URL(location).searchParams.get("redirect_uri");
    assert.equal(redirect, "https://console.bank.example/console/log-in/answer");
    assert.equal((await ask("evil.example")).status, 403);
    await bank.close();
    await provider.close();
  }));
