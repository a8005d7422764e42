/** `/rest/v3`, every call: request and answer in pairs, with all members, their types and formats, and the errors. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fastify from "fastify";
import { backOfficeRoutes } from "../../src/api/back-office/routes.ts";
import type { Api } from "../../src/api/surfaces.ts";
import type { Deps } from "../../src/deps.ts";
import { send, startBank, unique } from "../bank.ts";
import { activationExchanges } from "../exchanges/activations.ts";
import { applicationExchanges } from "../exchanges/applications.ts";
import { play, type Scene } from "../exchanges/exchange.ts";
import { operationExchanges } from "../exchanges/operations.ts";
import { signatureExchanges } from "../exchanges/signatures.ts";
import { suiteOnEachStore } from "../store-suites.ts";

const tables = { applicationExchanges, activationExchanges, signatureExchanges, operationExchanges };

test("Every call of the back office has its exchanges; callbacks and application settings are tested on their own", () => {
  const app = fastify() as unknown as Api;
  const paths = new Set<string>();
  app.addHook("onRoute", ({ url }) => void paths.add(url.replace("/rest/v3", "")));
  backOfficeRoutes(app, {} as Deps);
  const elsewhere = /^\/application\/(callback|config)\//;
  const tested = new Set(Object.values(tables).flatMap((table) => table.map(({ path }) => path)));
  assert.deepEqual(
    [...paths].filter((path) => !elsewhere.test(path) && !tested.has(path)),
    [],
  );
});

suiteOnEachStore((kind, open) => {
  describe(`Exchanges of the back office on ${kind}`, () => {
    let scene: Scene;
    before(async () => {
      const bank = await startBank({ opened: await open() });
      const app = await bank.application();
      const user = `user ${unique()}`;
      const decider = await bank.client(["decide", "integrate"]);
      scene = {
        bank,
        app,
        user,
        decider,
        device: await bank.device(app, user),
        kept: { customer: `user ${unique()}` },
      };
    });
    after(() => scene.bank.close());

    test("Status, errors, applications, versions, roles and integrations answer as documented (§2)", () =>
      play(scene, applicationExchanges));

    test("Activations answer as documented (§2, §4)", () => play(scene, activationExchanges));

    test("Signatures, tokens, vault, envelopes and temporary keys answer as documented (§2, §6)", () =>
      play(scene, signatureExchanges));

    test("Templates and operations answer as documented (§2, §3)", () => play(scene, operationExchanges));

    test("What is no JSON is ERROR_HTTP_REQUEST, an unknown path ERROR_NOT_FOUND, missing credentials 401", async () => {
      const { bank } = scene;
      const url = `${bank.privateUrl}/rest/v3/application/detail`;
      const malformed = await send(url, "POST", "{", bank.admin);
      assert.deepEqual([malformed.status, malformed.body.responseObject.code], [400, "ERROR_HTTP_REQUEST"]);
      const unknown = await bank.call("/recovery/create", { applicationId: "a", userId: "b", pukCount: 1 });
      assert.deepEqual([unknown.status, unknown.body.responseObject.code], [404, "ERROR_NOT_FOUND"]);
      assert.equal((await send(url, "POST", "{}", undefined)).status, 401);
      const bad = await bank.call("/application/detail", { applicationId: 7 });
      assert.match(bad.body.responseObject.message, /^requestObject\.applicationId - /);
    });

    test("The list of signatures tells each verification once: kind, verdict, version, counter, newest first", async () => {
      const { bank, app } = scene;
      const user = `user ${unique()}`;
      const device = await bank.device(app, user);
      await device.validate();
      await device.validate({ pin: "0" });
      await device.createToken("possession");
      await device.unlockVault();
      const since = (await bank.done("/signature/list", { userId: user })).items[0].timestampCreated;
      const { items } = await bank.done("/signature/list", { userId: user });
      assert.deepEqual(
        items.map((item: Record<string, unknown>) => [
          item.signatureType,
          item.valid,
          item.note,
          item.activationCounter,
        ]),
        [
          ["POSSESSION_KNOWLEDGE", true, "signature_ok", 3],
          ["POSSESSION", true, "signature_ok", 2],
          ["POSSESSION_KNOWLEDGE", false, "signature_does_not_match", 1],
          ["POSSESSION_KNOWLEDGE", true, "signature_ok", 0],
        ],
      );
      assert.ok(items.every((item: Record<string, unknown>) => item.signatureVersion === "3.3"));
      assert.equal(new Set(items.map(({ id }: { id: number }) => id)).size, 4);
      const range = (timestampFrom: unknown, timestampTo: unknown) =>
        bank.done("/signature/list", { userId: user, timestampFrom, timestampTo });
      assert.ok((await range(since, Date.now() + 1000)).items.length >= 1);
      assert.deepEqual((await range(0, 1)).items, []);
      assert.deepEqual((await range(Date.now() + 60_000, Date.now() + 70_000)).items, []);
    });

    test("Approvals stand in the list of signatures, online and retyped, and a signed one that failed too", async () => {
      const { bank, app } = scene;
      const user = `user ${unique()}`;
      const device = await bank.device(app, user);
      const { templateName } = await bank.template();
      const parameters = { amount: "100", currency: "CZK", note: "rent" };
      const create = { templateName, userId: user, applications: [app.applicationId], parameters };
      const { id, data } = await bank.done("/operation/create", create);
      const authorize = (signed: string) =>
        device.signed("/api/auth/token/app/operation/authorize", {
          uriId: "/operation/authorize",
          body: JSON.stringify({ requestObject: { id, data: signed } }),
        });
      assert.equal((await authorize(`${data}x`)).status, 401);
      assert.equal((await authorize(data)).status, 200);
      const { items } = await bank.done("/signature/list", { userId: user });
      assert.deepEqual(
        items.map((item: Record<string, unknown>) => [item.signatureType, item.valid, item.activationCounter]),
        [
          ["POSSESSION_KNOWLEDGE", true, 1],
          ["POSSESSION_KNOWLEDGE", true, 0],
        ],
      );
    });
  });
});
