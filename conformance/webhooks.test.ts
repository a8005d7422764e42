/** Webhooks from end to end: a device approves, the bank's back end is told, and knows that it is true. Both stores. */
import assert from "node:assert/strict";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { after, before, describe, test } from "node:test";
import { PowerAuthAuthentication } from "@countersign/client/mobile-token";
import { verifyCallback, verifyWebhook, WebhookError } from "@countersign/relying-party/webhooks";
import { application, openWorld, payment, pin, stores, type World } from "./world.ts";

interface Got {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly path: string;
}

for (const store of await stores()) {
  describe(`Webhooks on ${store.name}`, () => {
    let world: World;
    let url: string;
    const got: Got[] = [];
    const waiting = new Set<() => void>();
    const bank = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        got.push({ headers: request.headers, body: Buffer.concat(parts), path: request.url ?? "" });
        response.writeHead(204).end();
        for (const wake of waiting) wake();
      });
    });
    before(async () => {
      await new Promise<void>((resolve) => bank.listen(0, "127.0.0.1", resolve));
      url = `http://127.0.0.1:${(bank.address() as { port: number }).port}`;
      world = await openWorld(store, { outboundAllow: ["127.0.0.1/32"] });
    });
    after(async () => {
      await world.close();
      await store.drop();
      bank.closeAllConnections();
      bank.close();
    });

    const until = async (kind: (one: Got) => boolean): Promise<Got> => {
      for (;;) {
        const found = got.find(kind);
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => {
          const wake = () => (waiting.delete(wake), resolve());
          waiting.add(wake);
        });
      }
    };

    test("an approval on the device arrives as an event that verifies; a changed, recorded or foreign one does not", async () => {
      const { signingSecret } = await world.v1("POST", "/webhooks", {
        applicationId: application,
        name: "bank",
        url: `${url}/event`,
      });
      const callback = await world.backOffice<{ signingSecret: string }>("/rest/v3/application/callback/create", {
        applicationId: application,
        name: "old bank",
        callbackUrl: `${url}/callback`,
        type: "OPERATION_STATUS_CHANGE",
        attributes: ["status"],
      });
      const device = await world.device("anna");
      const { id } = await world.bank.createOperation({ ...payment, userId: "anna" });
      const operations = device.createMobileToken().operations;
      const [operation] = await operations.getOperations();
      await operations.authorize(operation!, PowerAuthAuthentication.password(pin));

      const isApproval = (path: string) => (one: Got) =>
        one.path === path && one.body.includes(id) && one.body.includes('"status":"APPROVED"');
      const { headers, body } = await until(isApproval("/event"));
      const now = Date.now();
      const event = await verifyWebhook(headers, body, [signingSecret], now);
      assert.deepEqual([event.type, event.subject, event.data.userId], ["operation.approved", id, "anna"]);

      const code = async (...call: Parameters<typeof verifyWebhook>): Promise<string> =>
        verifyWebhook(...call).then(
          () => "passed",
          (error: unknown) => (error instanceof WebhookError ? error.code : "other"),
        );
      const changed = Buffer.from(body.toString("utf8").replace("1250.00", "9250.00"));
      assert.notDeepEqual(changed, body);
      assert.equal(await code(headers, changed, [signingSecret], now), "wrong-signature");
      assert.equal(await code(headers, body, [signingSecret], now + 301_000), "too-old");
      assert.equal(await code(headers, body, [callback.signingSecret], now), "wrong-signature");

      const old = await until(isApproval("/callback"));
      const told = await verifyCallback(old.headers, old.body, [callback.signingSecret], Date.now());
      assert.deepEqual(told, { type: "OPERATION", operationId: id, status: "APPROVED" });
    });

    test("after a rotation a receiver that has either secret verifies", async () => {
      const made = await world.v1("POST", "/webhooks", {
        applicationId: application,
        name: "r",
        url: `${url}/rotated`,
      });
      const rotated = await world.v1("POST", `/webhooks/${made.id}/rotate-secret`, {});
      const { id } = await world.bank.createOperation({ ...payment, userId: "berta" });
      const { headers, body } = await until((one) => one.path === "/rotated" && one.body.includes(id));
      for (const secrets of [
        [made.signingSecret],
        [rotated.signingSecret],
        [rotated.signingSecret, made.signingSecret],
      ]) {
        assert.equal((await verifyWebhook(headers, body, secrets, Date.now())).subject, id);
      }
    });
  });
}
