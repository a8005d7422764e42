/** The Mobile Token API as devices read with it: lists, detail, claim and history, and who may see what. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Json, nested, past, payment, unique } from "../bank.ts";
import { type Answer, type Device, random } from "../device.ts";
import { accepted, data, idsOf, refused, type MobileBank, startMobileBank } from "../mobile-bank.ts";
import { suiteOnEachStore } from "../store-suites.ts";

const base = "/api/auth/token/app/operation";
const unknownId = "6e5f34d6-1f0d-4a8b-9d0e-7b2f2f3c4d5e";

suiteOnEachStore((kind, open) => {
  describe(`The Mobile Token API on ${kind}`, () => {
    let bank: MobileBank["bank"];
    let app: MobileBank["app"];
    let user: MobileBank["user"];
    let device: MobileBank["device"];
    let token: MobileBank["token"];
    let tokenOf: MobileBank["tokenOf"];
    let create: MobileBank["create"];
    let detail: MobileBank["detail"];
    let read: MobileBank["read"];
    let sign: MobileBank["sign"];
    let authorize: MobileBank["authorize"];
    let cancel: MobileBank["cancel"];
    before(async () => {
      ({ bank, app, user, device, token, tokenOf, create, detail, read, sign, authorize, cancel } =
        await startMobileBank(await open()));
    });
    after(() => bank.close());

    test("The list has the pending operations of the user, in the form that shipped SDKs parse, with the server's time", async () => {
      const { id } = await create();
      const answer = await read("/list");
      assert.equal(answer.status, 200);
      assert.deepEqual(Object.keys(answer.body).sort(), ["currentTimestamp", "responseObject", "status"]);
      const es = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000$/;
      assert.match(answer.body.currentTimestamp, es);
      const [{ operationCreated, operationExpires, ...rest }] = answer.body.responseObject;
      assert.match(operationCreated, es);
      assert.match(operationExpires, es);
      assert.deepEqual(rest, {
        id,
        name: "authorize_payment",
        data,
        status: "PENDING",
        ui: { flipButtons: true, blockApprovalOnCall: true },
        allowedSignatureType: { type: "2FA", variants: ["possession_knowledge", "possession_biometry"] },
        formData: {
          title: "authorize_payment",
          message: "",
          attributes: Object.entries(payment).map(([key, value]) => ({
            type: "KEY_VALUE",
            id: key,
            label: key,
            value,
          })),
        },
      });
      accepted(await authorize(id));
      assert.equal(idsOf(await read("/list")).has(id), false);
    });

    test("The body of a list may be anything that is JSON, or absent", async () => {
      for (const body of [undefined, "", "{}", '{"requestObject":{"x":1}}', '{"unknown":[1]}', "null", "[]"]) {
        const answer = await device.post(`${base}/list`, body, device.withToken(token));
        assert.equal(answer.status, 200, String(body));
      }
    });

    test("Lists and history hold the newest hundred; the order is newest first", async () => {
      const busy = `user ${unique()}`;
      const mine = await bank.device(app, busy);
      const its = await tokenOf(mine);
      const made: string[] = [];
      for (let at = 0; at < 103; at++) made.push((await create({ userId: busy })).id);
      const pending = await read("/list", {}, mine, its);
      assert.equal(pending.body.responseObject.length, 100);
      const history = await sign("/history", {}, {}, mine);
      assert.equal(history.body.responseObject.length, 100);
      const times = history.body.responseObject.map((one: Json) =>
        Date.parse(one.operationCreated.replace("+0000", "Z")),
      );
      assert.deepEqual(
        times,
        times.toSorted((a: number, b: number) => b - a),
      );
      assert.equal(idsOf(pending).has(made.at(-1)!), true);
      assert.equal(idsOf(pending).has(made[0]!), false);
    });

    test("History shows every state to a signature of two factors, without the server's time", async () => {
      const own = `user ${unique()}`;
      const mine = await bank.device(app, own);
      const at = Date.now() + 400;
      const overdue = await create({ userId: own, timestampExpires: at });
      const approved = await create({ userId: own });
      const canceled = await create({ userId: own });
      accepted(await authorize(approved.id, {}, {}, mine));
      await bank.done("/operation/cancel", { operationId: canceled.id, statusReason: "OUT_OF_STOCK" });
      await past(at);
      const answer = await sign("/history", {}, {}, mine);
      assert.deepEqual(Object.keys(answer.body).sort(), ["responseObject", "status"]);
      const states = answer.body.responseObject.map((one: Json) => [one.id, [one.status, one.statusReason]]);
      assert.deepEqual(Object.fromEntries(states), {
        [overdue.id]: ["EXPIRED", undefined],
        [approved.id]: ["APPROVED", undefined],
        [canceled.id]: ["CANCELED", "OUT_OF_STOCK"],
      });
      refused(await sign("/history", {}, { factors: "possession" }, mine), 401, "POWERAUTH_AUTH_FAIL");
    });

    test("A device sees nothing of other users, applications and activations, nor what asks for a flag it has not", async () => {
      const golden = await bank.device(app, user, { flags: ["GOLD"] });
      const stranger = await bank.device(app, `user ${unique()}`);
      const elsewhere = await bank.device(await bank.application(), user);
      const free = await create();
      const bound = await create({ activationId: golden.activationId });
      const flagged = await create({ activationFlag: "GOLD" });
      const unclaimed = await create({ userId: null });
      const mine = [free.id, bound.id, flagged.id, unclaimed.id];
      const sees = async (by: Device) => {
        const ids = idsOf(await read("/list", {}, by, await tokenOf(by)));
        const history = idsOf(await sign("/history", {}, {}, by));
        const listed = mine.filter((id) => ids.has(id));
        assert.deepEqual(
          mine.filter((id) => history.has(id)),
          listed,
        );
        return listed;
      };
      assert.deepEqual(await sees(device), [free.id]);
      assert.deepEqual(await sees(golden), [free.id, bound.id, flagged.id]);
      assert.deepEqual(await sees(stranger), []);
      assert.deepEqual(await sees(elsewhere), []);
      for (const by of [stranger, elsewhere]) {
        const its = await tokenOf(by);
        for (const id of [free.id, bound.id, unknownId]) {
          // One answer for all: whether the operation exists is not said.
          refused(await read("/detail", { id }, by, its), 400, "INVALID_OPERATION");
          refused(await read("/detail/claim", { id }, by, its), 400, "INVALID_OPERATION");
          refused(await authorize(id, {}, {}, by), 400, "INVALID_OPERATION");
          refused(await cancel(id, {}, by), 400, "INVALID_OPERATION");
        }
      }
      refused(await authorize(bound.id), 400, "INVALID_OPERATION");
      for (const path of ["/detail", "/detail/claim"]) {
        refused(await read(path, { id: flagged.id }), 400, "OPERATION_REQUIRES_ACTIVATION_FLAG");
      }
      refused(await authorize(flagged.id), 400, "OPERATION_REQUIRES_ACTIVATION_FLAG");
      refused(await cancel(flagged.id), 400, "OPERATION_REQUIRES_ACTIVATION_FLAG");
      for (const { id } of [free, bound, flagged]) {
        const { status, failureCount } = await detail(id);
        assert.deepEqual([status, failureCount], ["PENDING", 0]);
      }
      accepted(await authorize(flagged.id, {}, {}, golden));
      accepted(await authorize(bound.id, {}, {}, golden));
    });

    test("An operation for nobody can be read and decided directly, or claimed first; a later claim finds nothing", async () => {
      const other = await bank.device(app, `user ${unique()}`);
      const its = await tokenOf(other);
      const { id } = await create({ userId: null });
      const shown = await read("/detail", { id });
      assert.equal(shown.body.responseObject.id, id);
      assert.ok(shown.body.currentTimestamp);
      const claims = await Promise.all([read("/detail/claim", { id }), read("/detail/claim", { id }, other, its)]);
      const [won] = claims.filter(({ status }) => status === 200);
      const [lost] = claims.filter(({ status }) => status !== 200);
      assert.equal(won!.body.responseObject.id, id);
      refused(lost!, 400, "INVALID_OPERATION");
      const winner = claims[0]?.status === 200 ? device : other;
      const loser = winner === device ? other : device;
      refused(await authorize(id, {}, {}, loser), 400, "INVALID_OPERATION");
      accepted(await authorize(id, {}, {}, winner));
      const direct = await create({ userId: null });
      accepted(await authorize(direct.id, {}, {}, other));
      assert.notEqual((await detail(direct.id)).userId, null);
    });

    test("Two devices of two users claim at once: exactly one wins, the other learns that it is not there for it (M10)", async () => {
      const rivals: { userId: string; by: typeof device; its: typeof token }[] = [];
      for (let at = 0; at < 2; at++) {
        const userId = `rival ${unique()}`;
        const by = await bank.device(app, userId);
        rivals.push({ userId, by, its: await tokenOf(by) });
      }
      for (let round = 0; round < 12; round++) {
        const { id } = await create({ userId: undefined });
        const answers: Answer[] = await Promise.all(
          rivals.map(({ by, its }) => read("/detail/claim", { id }, by, its)),
        );
        const winner = answers.findIndex(({ status }) => status === 200);
        refused(answers[1 - winner]!, 400, "INVALID_OPERATION");
        assert.equal((await detail(id)).userId, rivals[winner]!.userId);
        for (const [at, { by, its }] of rivals.entries()) {
          assert.equal(idsOf(await read("/list", {}, by, its)).has(id), at === winner);
        }
        refused(await authorize(id, {}, {}, rivals[1 - winner]!.by), 400, "INVALID_OPERATION");
        // To claim again is no claim: the winner may repeat a lost request.
        const again = await read("/detail/claim", { id }, rivals[winner]!.by, rivals[winner]!.its);
        assert.equal(again.body.responseObject.id, id);
      }
    });

    test("A flag-bound operation for nobody is not taken by a claim of an activation without the flag", async () => {
      const { id } = await create({ userId: null, activationFlag: "GOLD" });
      refused(await read("/detail/claim", { id }), 400, "OPERATION_REQUIRES_ACTIVATION_FLAG");
      assert.equal((await detail(id)).userId, null);
    });

    test("Without a right token there is no list, detail or claim: missing, malformed, replayed, old, removed, blocked", async () => {
      const { id } = await create();
      const fresh = await bank.device(app, user);
      const its = await tokenOf(fresh);
      const body = JSON.stringify({ requestObject: { id } });
      const used = fresh.withToken(its);
      assert.equal((await fresh.post(`${base}/list`, "{}", used)).status, 200);
      const [name] = Object.keys(used) as [string];
      const hours = 3_600_000;
      const wrong = [
        {},
        { [name]: "PowerAuth" },
        used,
        fresh.withToken(its, Date.now() - 2 * hours - 60_000),
        fresh.withToken(its, Date.now() + hours),
        fresh.withToken({ ...its, tokenSecret: Buffer.from(random(16)).toString("base64") }),
        fresh.withToken({ ...its, tokenId: unknownId }),
      ];
      for (const headers of wrong) {
        for (const path of ["/list", "/detail", "/detail/claim"]) {
          refused(await fresh.post(base + path, body, headers), 401, "POWERAUTH_AUTH_FAIL");
        }
      }
      await bank.done("/activation/block", { activationId: fresh.activationId });
      refused(await read("/list", {}, fresh, its), 401, "POWERAUTH_AUTH_FAIL");
      await bank.done("/activation/unblock", { activationId: fresh.activationId });
      assert.equal((await read("/list", {}, fresh, its)).status, 200);
      await bank.done("/token/remove", { tokenId: its.tokenId, activationId: fresh.activationId });
      refused(await read("/list", {}, fresh, its), 401, "POWERAUTH_AUTH_FAIL");
    });

    test("A token made with all three factors reads operations as one of possession does", async () => {
      const fresh = await bank.device(app, user);
      const { token: made } = await fresh.createToken("possession_knowledge_biometry");
      assert.equal((await read("/list", {}, fresh, made)).status, 200);
    });

    for (const version of ["3.1", "3.2", "3.3"] as const) {
      test(`A ${version} device lists, approves and rejects`, async () => {
        const own = await bank.device(app, user, { version });
        const { id } = await create();
        assert.ok(idsOf(await read("/list", {}, own, await tokenOf(own))).has(id));
        accepted(await authorize(id, {}, {}, own));
        accepted(await cancel((await create()).id, {}, own));
      });
    }

    test("Malformed requests are refused with 4xx and a code, whatever they are, and change nothing", async () => {
      const { id } = await create();
      const objects: unknown[] = [
        {},
        { id: 7, data },
        { id: null, data },
        { id: "", data },
        { id },
        { id, data: 1 },
        { id, data, mobileTokenData: [] },
        { id, data, mobileTokenData: "text" },
        { id, data, proximityCheck: { type: "QR_CODE" } },
        { id, data, proximityCheck: { otp: "1", type: "OTHER" } },
        { id, data, proximityCheck: { otp: "1", type: "QR_CODE", timestampSent: "now" } },
        { id, data, proximityCheck: [] },
        { id: "\u0000", data },
        { id: "\ud800", data },
        { id: "x".repeat(1000), data },
        [],
        null,
        "text",
        7,
      ];
      const bodies = [
        `{"requestObject":{"id":"${id}","data":"${data}","mobileTokenData":${nested(100_000)}}}`,
        ...objects.map((requestObject) => JSON.stringify({ requestObject })),
        "",
        "{",
        "null",
        "[]",
        "text",
        '{"requestObject":{"__proto__":{}}}',
        JSON.stringify({ id, data }),
      ];
      for (const body of bodies) {
        for (const path of ["/authorize", "/cancel"]) {
          const factors = path === "/cancel" ? "possession" : "possession_knowledge";
          const headers = device.sign({ uriId: `/operation${path}`, body, factors });
          device.counter = counterOf((await bank.store.findActivation(device.activationId))!.ctr_data!);
          const answer = await device.post(base + path, body, headers);
          const fits = path === "/cancel" && answer.status === 200;
          assert.ok(
            fits || (answer.status >= 400 && answer.status < 500),
            `${path} ${body.slice(0, 80)} ${answer.status}`,
          );
          assert.equal(answer.body.status, fits ? "OK" : "ERROR");
          device.counter = counterOf((await bank.store.findActivation(device.activationId))!.ctr_data!);
        }
        for (const path of ["/detail", "/detail/claim"]) {
          const answer = await device.post(base + path, body, device.withToken(token));
          const fits = answer.status === 200;
          assert.ok(
            fits || (answer.status >= 400 && answer.status < 500),
            `${path} ${body.slice(0, 80)} ${answer.status}`,
          );
        }
      }
      assert.notEqual((await detail(id)).status, "APPROVED");
    });

    test("An id that is no UUID is an unknown operation, after the signature was checked and its counter used up", async () => {
      const first = await bank.store.findActivation(device.activationId);
      for (const id of ["none", "%00", unknownId.toUpperCase(), `${unknownId}x`]) {
        refused(await authorize(id), 400, "INVALID_OPERATION");
        refused(await read("/detail", { id }), 400, "INVALID_OPERATION");
      }
      const last = await bank.store.findActivation(device.activationId);
      assert.equal(last!.counter, first!.counter + 4);
    });

    test("Unknown paths and methods are refused in the envelope that clients parse", async () => {
      refused(await device.post(`${base}/none`, "{}"), 404, "ERROR_NOT_FOUND");
      refused(await device.send("GET", `${base}/list`), 404, "ERROR_NOT_FOUND");
    });
  });
});

function counterOf(ctrData: string): Uint8Array {
  return new Uint8Array(Buffer.from(ctrData, "base64"));
}
