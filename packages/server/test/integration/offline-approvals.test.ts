/** `/v1/operations/{id}/offline-qr` and `/offline-code`: decisions by retyped codes, and everything that must not be one. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { nodeCrypto } from "@countersign/protocol/crypto-node";
import { proximityOtp } from "@countersign/protocol/operation/proximity";
import { Value } from "typebox/value";
import { type Config, configSchema } from "../../src/config.ts";
import { createLog } from "../../src/log.ts";
import { createServer } from "../../src/server.ts";
import { type Bank, type Json, payment, type Reply, send, startBank, unique } from "../bank.ts";
import { type Device, random } from "../device.ts";
import { grouped, retype, scan, skip } from "../offline-device.ts";
import { suiteOnEachStore } from "../store-suites.ts";
import type { TestStore } from "../stores.ts";

const unknownId = "6e5f34d6-1f0d-4a8b-9d0e-7b2f2f3c4d5e";

suiteOnEachStore((kind, open) => {
  describe(`Offline approvals on ${kind}`, () => {
    let opened: TestStore;
    let bank: Bank;
    let app: Awaited<ReturnType<Bank["application"]>>;
    let templateName: string;
    before(async () => {
      opened = await open();
      bank = await startBank({ opened });
      app = await bank.application();
      ({ templateName } = await bank.template({ riskFlags: "XFC" }));
    });
    after(() => bank.close());

    async function customer(): Promise<{ user: string; device: Device }> {
      const user = `user ${unique()}`;
      return { user, device: await bank.device(app, user) };
    }

    async function create(userId: string | undefined, more: object = {}): Promise<string> {
      const asked = { template: templateName, applications: [app.applicationId], parameters: payment, ...more };
      const reply = await bank.v1("POST", "/operations", { ...asked, ...(userId !== undefined && { userId }) });
      assert.equal(reply.status, 201, JSON.stringify(reply.body));
      return reply.body.id;
    }

    const askQr = (id: string, device: Device, more: object = {}): Promise<Reply> =>
      bank.v1("POST", `/operations/${id}/offline-qr`, { activationId: device.activationId, ...more });

    async function scanned(id: string, device: Device) {
      const { status, body } = await askQr(id, device);
      assert.equal(status, 200, JSON.stringify(body));
      return scan(body.qr);
    }

    const redeem = (id: string, code: string, more: object = {}): Promise<Reply> =>
      bank.v1("POST", `/operations/${id}/offline-code`, { code, ...more });

    async function lookUp(id: string): Promise<Json> {
      return (await bank.v1("GET", `/operations/${id}`)).body;
    }

    function refused(reply: Reply, status: number, code: string): void {
      assert.deepEqual([reply.status, reply.body.code], [status, code], JSON.stringify(reply.body));
    }

    const tries = async (device: Device) => (await device.status()).failedAttempts;

    test("The QR code holds what is shown, signed and allowed; asked for again it has the same nonce", async () => {
      const { user, device } = await customer();
      const id = await create(user);
      const payload = await scanned(id, device);
      assert.deepEqual(
        [payload.operationId, payload.operationData, payload.keyIndicator, payload.totp],
        [id, "A1*A100CZK*Nrent", "1", undefined],
      );
      assert.ok(payload.title.length > 0);
      assert.deepEqual(payload.flags, {
        biometryAllowed: true,
        flipButtons: true,
        fraudWarning: true,
        blockWhenOnCall: true,
      });
      assert.equal((await scanned(id, device)).nonce, payload.nonce);
      const onlyPin = await bank.template({ signatureType: ["POSSESSION_KNOWLEDGE", "POSSESSION"] });
      const plain = await scanned(await create(user, { template: onlyPin.templateName }), device);
      assert.equal(plain.flags.biometryAllowed, false);
      assert.equal(plain.flags.flipButtons, false);
    });

    test("Title and message come from the display template of the language asked for, and the receipt names it", async () => {
      const { user, device } = await customer();
      const type = `transfer ${unique()}`;
      const template = await bank.template({ operationType: type });
      for (const [language, title] of [
        ["en", "Payment of ${amount} ${currency}"],
        ["cs", "Platba ${amount} ${currency}"],
      ] as const) {
        const path = `/display-templates/${encodeURIComponent(type)}/${language}`;
        const put = await bank.v1("PUT", path, { title, message: "a\\b\n*c", attributes: [] });
        assert.equal(put.status, 200, JSON.stringify(put.body));
      }
      const id = await create(user, { template: template.templateName });
      const titleIn = async (language?: string) => {
        const { body } = await askQr(id, device, language === undefined ? {} : { language });
        return scan(body.qr).title;
      };
      assert.equal(await titleIn(), "Payment of 100 CZK");
      assert.equal(await titleIn("de"), "Payment of 100 CZK");
      assert.equal(await titleIn("cs-CZ"), "Platba 100 CZK");
      const payload = await scanned(id, device);
      assert.equal(payload.message, "a\\b\n*c");
      await titleIn("cs");
      const reply = await redeem(id, retype(device, payload));
      assert.equal(reply.body.decisions[0].shown.language, "cs");
    });

    test("A QR code only for a pending operation and an active activation that may decide it", async () => {
      const [{ user, device }, other] = [await customer(), await customer()];
      const id = await create(user);
      refused(await askQr(id, other.device), 404, "activation-not-found");
      refused(await askQr(id, device, { activationId: unknownId }), 404, "activation-not-found");
      refused(await askQr(unknownId, device), 404, "operation-not-found");
      refused(await askQr(id, device, { language: "%" }), 400, "invalid-request");
      const possession = await bank.template({ signatureType: ["POSSESSION"] });
      const one = await create(user, { template: possession.templateName });
      refused(await askQr(one, device), 409, "operation-not-offline");
      const odd = await bank.template({ operationType: "a\u0001b" });
      refused(await askQr(await create(user, { template: odd.templateName }), device), 409, "operation-not-offline");
      const long = await create(user, { parameters: { ...payment, note: "x".repeat(3000) } });
      refused(await askQr(long, device), 409, "operation-not-offline");
      const flagged = await create(user, { activationFlag: "GOLD" });
      refused(await askQr(flagged, device), 409, "operation-flag");
      await bank.done("/activation/block", { activationId: device.activationId });
      refused(await askQr(id, device), 409, "activation-state");
      await bank.v1("POST", `/operations/${id}/cancel`, {});
      refused(await askQr(id, device), 409, "operation-canceled");
    });

    test("A retyped code decides once, in any grouping; the receipt says powerauth-offline", async () => {
      for (const [written, factors] of [
        [(code: string) => code, "possession_knowledge"],
        [grouped, "possession_knowledge"],
        [(code: string) => ` ${grouped(code).replaceAll(" ", "-")} `, "possession_biometry"],
        [(code: string) => code.replace("-", ""), "possession_knowledge"],
      ] as const) {
        const { user, device } = await customer();
        const id = await create(user);
        const code = retype(device, await scanned(id, device), { factors });
        const reply = await redeem(id, written(code));
        assert.deepEqual([reply.status, reply.body.status, reply.body.userId], [200, "APPROVED", user]);
        const [decision] = reply.body.decisions;
        const { kind: evidence, factors: proved, activationId, protocolVersion, counter } = decision.evidence;
        assert.deepEqual(
          [evidence, proved.join("_"), activationId],
          ["powerauth-offline", factors, device.activationId],
        );
        assert.deepEqual([protocolVersion, counter], [undefined, 0]);
        refused(await redeem(id, code), 409, "operation-finished");
        assert.equal((await lookUp(id)).attempts.length, 1, "the second time is no try");
        assert.equal((await device.status()).failedAttempts, 0);
      }
    });

    test("A wrong PIN counts on activation and operation, and again for each new code only", async () => {
      const { user, device } = await customer();
      const id = await create(user);
      const payload = await scanned(id, device);
      const wrong = retype(device, payload, { pin: "0" });
      for (let repeat = 0; repeat < 3; repeat++) refused(await redeem(id, wrong), 400, "offline-code-wrong");
      assert.equal(await tries(device), 1);
      const { failureCount, attempts } = await lookUp(id);
      assert.deepEqual([failureCount, attempts.map((one: Json) => one.outcome)], [1, ["signature"]]);
      refused(await redeem(id, retype(device, payload, { pin: "1" })), 400, "offline-code-wrong");
      assert.deepEqual([await tries(device), (await lookUp(id)).failureCount], [2, 2]);
      assert.equal((await redeem(id, retype(device, payload))).body.status, "APPROVED");
      assert.equal(await tries(device), 0);
    });

    test("The last try of an operation fails it, the last of an activation blocks it", async () => {
      const { user, device } = await customer();
      const strict = await bank.template({ maxFailureCount: 1 });
      const failing = await create(user, { template: strict.templateName });
      const payload = await scanned(failing, device);
      refused(await redeem(failing, retype(device, payload, { pin: "0" })), 400, "offline-code-wrong");
      refused(await redeem(failing, retype(device, payload)), 409, "operation-out-of-tries");
      const id = await create(user);
      const shown = await scanned(id, device);
      for (let count = 2; count <= 5; count++) await redeem(id, retype(device, shown, { pin: "0" }));
      refused(await redeem(id, retype(device, shown)), 409, "activation-state");
      assert.equal((await lookUp(id)).status, "PENDING");
    });

    test("Codes that prove no device cost nothing: guesses, truncated, other operation, other activation", async () => {
      const [{ user, device }, other] = [await customer(), await customer()];
      const [id, second] = [await create(user), await create(user)];
      const payload = await scanned(id, device);
      const forSecond = retype(device, await scanned(second, device));
      const foreign = retype(other.device, payload);
      for (const code of [forSecond, foreign, "00000000-00000000", "1".repeat(16)]) {
        refused(await redeem(id, code), 400, "offline-code-wrong");
      }
      const right = retype(device, payload);
      for (const code of [right.slice(1), `${right}1`, right.replace("-", "_"), "", "x", "１".repeat(16)]) {
        refused(await redeem(id, code), 400, "invalid-request");
      }
      const { failureCount, attempts } = await lookUp(id);
      assert.deepEqual([failureCount, attempts, await tries(device), await tries(other.device)], [0, [], 0, 0]);
      assert.equal((await redeem(id, right)).status, 200, "the right one still works");
      assert.equal(
        (await redeem(second, forSecond)).body.code,
        "offline-code-wrong",
        "an older counter value is spent",
      );
      assert.equal((await lookUp(second)).failureCount, 0);
    });

    test("Look-ahead: 20 values ahead decides, 21 proves nothing", async () => {
      const { user, device } = await customer();
      const id = await create(user);
      const payload = await scanned(id, device);
      skip(device, 20);
      const far = retype(device, payload);
      refused(await redeem(id, far), 400, "offline-code-wrong");
      const behind = await customer();
      const near = await create(behind.user);
      const shown = await scanned(near, behind.device);
      skip(behind.device, 19);
      assert.equal((await redeem(near, retype(behind.device, shown))).status, 200);
      assert.equal((await lookUp(id)).failureCount, 0);
    });

    test("Biometry where the template does not allow it is a wrong code that counts", async () => {
      const { user, device } = await customer();
      const onlyPin = await bank.template({ signatureType: ["POSSESSION_KNOWLEDGE"] });
      const id = await create(user, { template: onlyPin.templateName });
      const code = retype(device, await scanned(id, device), { factors: "possession_biometry" });
      refused(await redeem(id, code), 400, "offline-code-wrong");
      assert.deepEqual([await tries(device), (await lookUp(id)).status], [1, "PENDING"]);
    });

    test("Of several devices with a QR code the one that answers is found; named, only that one is looked at", async () => {
      const { user, device } = await customer();
      const tablet = await bank.device(app, user);
      const id = await create(user);
      const [phoneQr, tabletQr] = [await scanned(id, device), await scanned(id, tablet)];
      assert.notEqual(phoneQr.nonce, tabletQr.nonce);
      const byTablet = retype(tablet, tabletQr);
      refused(await redeem(id, byTablet, { activationId: device.activationId }), 400, "offline-code-wrong");
      const reply = await redeem(id, byTablet);
      assert.equal(reply.body.decisions[0].evidence.activationId, tablet.activationId);
      const alone = await create(user);
      refused(await redeem(alone, byTablet), 409, "offline-qr-missing");
    });

    test("A URI id of the app's choice is named when the code is redeemed", async () => {
      const { user, device } = await customer();
      const id = await create(user);
      const payload = await scanned(id, device);
      refused(await redeem(id, retype(device, payload, { uriId: "/own" })), 400, "offline-code-wrong");
      const code = retype(device, payload, { uriId: "/own" });
      assert.equal((await redeem(id, code, { uriId: "/own" })).body.status, "APPROVED");
    });

    test("Where the operation checks proximity, the QR code has a one-time password, and an answer is good for two minutes", async () => {
      const { user, device } = await customer();
      const near = await bank.template({ proximityCheckEnabled: true });
      const id = await create(user, { template: near.templateName });
      const { proximity_seed_sealed: sealed } = (await bank.store.findOperation(id))!;
      const seed = opened.secrets.open({ table: "operation", column: "proximity_seed_sealed", row: id }, sealed!);
      const payload = await scanned(id, device);
      assert.match(payload.totp ?? "", /^\d{8}$/);
      const at = (step: number) => proximityOtp(nodeCrypto, seed, Date.now() + step * 30_000);
      for (const totp of [undefined, at(-6), at(2), payload.totp === "00000000" ? "00000001" : "00000000"]) {
        refused(await redeem(id, retype(device, { ...payload, totp })), 400, "offline-code-wrong");
      }
      assert.deepEqual([(await lookUp(id)).failureCount, await tries(device)], [0, 0]);
      const reply = await redeem(id, retype(device, { ...payload, totp: at(-3) }));
      assert.equal(reply.body.status, "APPROVED");
    });

    test("Expired, cancelled and held: refused, and each says so", async () => {
      const { user, device } = await customer();
      const [expiring, canceled, held] = [await create(user), await create(user), await create(user)];
      const codes: Json = {};
      for (const id of [expiring, canceled, held]) codes[id] = retype(device, await scanned(id, device));
      await bank.v1("POST", `/operations/${canceled}/cancel`, {});
      refused(await redeem(canceled, codes[canceled]), 409, "operation-canceled");
      const { activationId } = device;
      await bank.done("/activation/flags/create", { activationId, activationFlags: ["VERIFICATION_PENDING"] });
      refused(await redeem(held, codes[held]), 409, "activation-state");
      assert.equal((await lookUp(held)).status, "PENDING");
      await bank.store.transaction(({ db, now }) =>
        db.updateTable("operation").set({ expires_at: now }).where("id", "=", expiring).execute(),
      );
      refused(await redeem(expiring, codes[expiring]), 409, "operation-expired");
    });

    test("An operation of nobody becomes the user's whose device answers", async () => {
      const { user, device } = await customer();
      const id = await create(undefined);
      const reply = await redeem(id, retype(device, await scanned(id, device)));
      assert.deepEqual([reply.body.status, reply.body.userId], ["APPROVED", user]);
    });

    test("Once an operation is claimed, a code of another user's device decides nothing", async () => {
      const [one, two] = [await customer(), await customer()];
      const id = await create(undefined);
      const [, shown] = [await scanned(id, one.device), await scanned(id, two.device)];
      await bank.done("/operation/claim", { operationId: id, userId: one.user });
      const counter = (await two.device.status()).ctrByte;
      refused(await redeem(id, retype(two.device, shown)), 400, "offline-code-wrong");
      assert.deepEqual([(await lookUp(id)).status, (await two.device.status()).ctrByte], ["PENDING", counter]);
      refused(await askQr(id, two.device), 404, "activation-not-found");
    });

    test("Another client's operation does not exist; nonsense is 400 and changes nothing", async () => {
      const { user, device } = await customer();
      const id = await create(user);
      const code = retype(device, await scanned(id, device));
      const client = await bank.client(["relying-party"], [(await bank.application()).applicationId]);
      for (const [path, body] of [
        ["offline-qr", { activationId: device.activationId }],
        ["offline-code", { code }],
      ] as const) {
        refused(await bank.v1("POST", `/operations/${id}/${path}`, body, { client }), 404, "operation-not-found");
        for (const wrong of [undefined, [], {}, { ...body, more: 1 }, { ...body, activationId: 7 }, { code: 7 }]) {
          refused(await bank.v1("POST", `/operations/${id}/${path}`, wrong), 400, "invalid-request");
        }
      }
      assert.equal((await redeem(id, code)).status, 200);
    });

    test("Two codes of one device and one code eight times, on every node at once: one decision", async () => {
      const nodes = [bank.privateUrl];
      const second = kind === "postgres" ? await startNode(await opened.reopen(), bank.store.tenant) : undefined;
      if (second !== undefined) nodes.push(second.privateUrl);
      try {
        for (let round = 0; round < 6; round++) {
          const { user, device } = await customer();
          const id = await create(user);
          const payload = await scanned(id, device);
          const codes = [retype(device, payload), retype(device, payload)];
          const replies = await Promise.all(
            Array.from({ length: 8 }, (_, at) => {
              const url = `${nodes[at % nodes.length]}/v1/operations/${id}/offline-code`;
              return send(url, "POST", JSON.stringify({ code: codes[(at >> 1) % 2] }), bank.admin);
            }),
          );
          const statuses = replies.map(({ status }) => status);
          assert.equal(statuses.filter((status) => status === 200).length, 1, statuses.join());
          assert.ok(
            statuses.every((status) => status === 200 || status === 400 || status === 409),
            statuses.join(),
          );
          const decided = await lookUp(id);
          assert.deepEqual([decided.status, decided.decisions.length, decided.failureCount], ["APPROVED", 1, 0]);
          assert.equal(await tries(device), 0);
        }
      } finally {
        await second?.close();
      }
    });
  });
});

/** Another server on the same data. */
async function startNode(opened: Parameters<typeof createServer>[0]["opened"], tenant: string) {
  const dataDirectory = mkdtempSync(join(tmpdir(), "countersign-node-"));
  const config = Value.Default(configSchema, { port: 0, privatePort: 0, tenant }) as Config;
  const running = await createServer({ config, opened, dataDirectory, random, log: createLog("silent") });
  return {
    privateUrl: running.privateUrl,
    async close() {
      await running.close();
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}
