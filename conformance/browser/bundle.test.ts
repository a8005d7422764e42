/** The SDK as an application's bundler takes it: what is in it, how large it is, and what it asks of its platform. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createContext, runInContext } from "node:vm";
import { gzipSync } from "node:zlib";
import type * as Sdk from "@countersign/client/mobile-token";
import { bundle, type Bundle } from "../../tools/browser.ts";
import { openWorld, payment, pin, type World } from "../world.ts";

/** Bytes with gzip; a third of each is the elliptic curve, hash and cipher. The aim is 60 kB for an application. */
const limits = { "app-entry.ts": 64_000, "sdk-entry.ts": 72_000 };

describe("the bundled SDK", () => {
  let built: Bundle;
  let world: World;
  before(async () => {
    built = await bundle(join(import.meta.dirname, "sdk-entry.ts"));
    world = await openWorld({ name: "sqlite", drop: async () => undefined });
  });
  after(() => world?.close());

  test("has no code of the server and none of Node", () => {
    const foreign = built.modules.filter((name) =>
      /packages\/(?!client|protocol)|file\.ts$|crypto-node|^node:/.test(name),
    );
    assert.deepEqual(foreign, []);
    assert.doesNotMatch(built.code, /["'`]node:/);
    const packages = new Set(built.modules.map((name) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(name)?.[1]));
    packages.delete(undefined);
    assert.deepEqual(
      [...packages].toSorted((a, b) => String(a).localeCompare(String(b))),
      ["@noble/ciphers", "@noble/curves", "@noble/hashes"],
    );
  });

  test("is small enough for what an application uses, and as a whole", async () => {
    for (const [entry, limit] of Object.entries(limits)) {
      const { code } = await bundle(join(import.meta.dirname, entry));
      const size = gzipSync(code).length;
      console.log(`${entry}: ${code.length} bytes minified, ${size} bytes with gzip`);
      assert.ok(size <= limit, `${entry}: ${size} bytes with gzip, at most ${limit}`);
    }
  });

  test("activates, approves and computes an offline code with no more globals than React Native has", async () => {
    // Of the language everything; of a browser only this. Randomness and network are injected, as an application does.
    const globals = { console, setTimeout, clearTimeout, AbortController, TextEncoder };
    const context = createContext({ ...globals });
    runInContext(
      "delete globalThis.WebAssembly; delete globalThis.SharedArrayBuffer; delete globalThis.Atomics;",
      context,
    );
    runInContext(built.code, context);
    const { sdk } = context as unknown as { sdk: typeof Sdk };
    // React Native's answers have a text and no stream.
    const network = async (url: string, init: RequestInit) => {
      const answer = await fetch(url, { method: "POST", headers: init.headers!, body: init.body! });
      const text = await answer.text();
      return { status: answer.status, text: async () => text, headers: answer.headers } as Response;
    };
    const device = new sdk.PowerAuth("react-native");
    await device.configure(world.sdkConfiguration, world.server.publicUrl, true, {
      fetch: network,
      random: (length) => new Uint8Array(randomBytes(length)),
    });
    const init = await world.backOffice<{ activationId: string; activationCode: string }>("/rest/v3/activation/init", {
      applicationId: "bank",
      userId: "rita",
    });
    await device.createActivation(sdk.PowerAuthActivation.createWithActivationCode(init.activationCode, "Phone"));
    await device.persistActivation(sdk.PowerAuthAuthentication.persistWithPassword(pin));
    await world.backOffice("/rest/v3/activation/commit", { activationId: init.activationId });
    const { operations } = device.createMobileToken();
    const created = await world.bank.createOperation({ ...payment, userId: "rita" });
    const [waiting] = await operations.getOperations();
    const password = await sdk.PowerAuthPassword.fromString(pin);
    await operations.authorize(waiting!, sdk.PowerAuthAuthentication.password(password));
    assert.equal((await world.bank.getOperation(created.id)).status, "APPROVED");
    const nonce = randomBytes(16).toString("base64");
    const code = await device.offlineSignature(sdk.PowerAuthAuthentication.password(pin), "/x", nonce, "a&b");
    assert.match(code, /^\d{8}-\d{8}$/);
    await device.deconfigure();
  });
});
