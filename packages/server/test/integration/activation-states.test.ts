/** What becomes of an activation after its start: blocked, removed, renamed, flagged, listed, overdue. On both stores. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeCrypto as crypto } from "@countersign/protocol/crypto-node";
import { encryptorIds } from "@countersign/protocol/powerauth/ecies";
import { moveActivation } from "../../src/activations/activation.ts";
import { blockActivation, unblockActivation, updateStatuses } from "../../src/activations/block.ts";
import { commitActivation } from "../../src/activations/commit.ts";
import { sweepActivations } from "../../src/activations/expire.ts";
import { addFlags, listFlags, removeFlags, setFlags } from "../../src/activations/flags.ts";
import { activationHistory, listActivations, lookupActivations } from "../../src/activations/list.ts";
import { removeActivation } from "../../src/activations/remove.ts";
import { renameActivation } from "../../src/activations/rename.ts";
import { activationDetail } from "../../src/activations/status.ts";
import { random } from "../device.ts";
import { done, id, refusalOf, suiteOfPowerAuth } from "../powerauth-server.ts";

suiteOfPowerAuth("States of an activation", (bench) => {
  test("Block and unblock are idempotent, give tries back, and go nowhere else", async () => {
    const { deps } = bench;
    const device = await bench.activated();
    const { activationId } = device;
    assert.equal((await device.validate({ pin: "0000" })).status, 401);
    done(await blockActivation(deps, { activationId, reason: "LOST" }));
    done(await blockActivation(deps, { activationId, reason: "STOLEN" }));
    assert.equal((await bench.row(activationId)).blocked_reason, "LOST");
    assert.equal((await device.validate()).status, 401);
    done(await unblockActivation(deps, { activationId }));
    done(await unblockActivation(deps, { activationId }));
    assert.equal((await bench.row(activationId)).failed_attempts, 0);
    assert.equal((await device.validate()).status, 200);
    assert.equal((await activationHistory(deps, { activationId })).length, 5);

    const waiting = await bench.init();
    assert.equal(refusalOf(await blockActivation(deps, waiting)), "activation-state");
    assert.equal(refusalOf(await unblockActivation(deps, waiting)), "activation-state");
    assert.equal(refusalOf(await blockActivation(deps, { activationId: "none" })), "activation-not-found");
    done(await removeActivation(deps, waiting));
    done(await removeActivation(deps, waiting));
    assert.equal(refusalOf(await removeActivation(deps, { activationId: "none" })), "activation-not-found");
    assert.equal(refusalOf(await unblockActivation(deps, waiting)), "activation-state");
  });

  test("A bulk change takes only the ways of the single calls and says whether all arrived", async () => {
    const { deps } = bench;
    const [one, two] = [await bench.activated("3.1"), await bench.activated("3.1")];
    const both = [one.activationId, two.activationId];
    assert.deepEqual(await updateStatuses(deps, { activationIds: both, status: "BLOCKED" }), { updated: true });
    assert.deepEqual(await updateStatuses(deps, { activationIds: both, status: "ACTIVE" }), { updated: true });
    const waiting = await bench.init();
    assert.deepEqual(await updateStatuses(deps, { activationIds: [waiting.activationId], status: "ACTIVE" }), {
      updated: false,
    });
    assert.equal((await bench.row(waiting.activationId)).status, "CREATED");
    assert.equal(refusalOf(await updateStatuses(deps, { activationIds: both, status: "CREATED" })), "invalid-request");
    assert.deepEqual(await updateStatuses(deps, { activationIds: both, status: "REMOVED" }), { updated: true });
    assert.equal((await bench.row(one.activationId)).status, "REMOVED");
  });

  test("A device removes and renames itself by signature; the back office renames without", async () => {
    const device = await bench.activated();
    const { activationId } = device;
    const sealed = await device.encrypt(
      encryptorIds.activationGeneric,
      JSON.stringify({ activationName: "Second name" }),
    );
    const plaintext = JSON.stringify({ activationName: "Second name" });
    const headers = device.sign({ uriId: "/pa/activation/rename", body: plaintext });
    const answer = await device.post("/pa/v3/activation/rename", sealed.body, headers);
    assert.deepEqual(device.open(sealed.exchange, answer), {
      status: "OK",
      responseObject: { activationId, activationName: "Second name" },
    });
    done(await renameActivation(bench.deps, { activationId, name: "Third name", externalUserId: "clerk" }));
    assert.equal(refusalOf(await renameActivation(bench.deps, { activationId, name: "" })), "invalid-request");
    const renames = (await activationHistory(bench.deps, { activationId })).slice(3);
    assert.deepEqual(
      renames.map((item) => [item.reason, item.name]),
      [
        ["ACTIVATION_NAME_UPDATED", "Second name"],
        ["ACTIVATION_NAME_UPDATED", "Third name"],
      ],
    );

    const weak = await device.signed("/pa/v3/activation/remove", {
      uriId: "/pa/activation/remove",
      factors: "possession",
    });
    assert.deepEqual([weak.status, weak.body.responseObject.message], [401, "POWER_AUTH_SIGNATURE_TYPE_INVALID"]);
    const removed = await device.signed("/pa/v3/activation/remove", { uriId: "/pa/activation/remove", body: "{}" });
    assert.deepEqual([removed.status, removed.body], [200, { status: "OK", responseObject: { activationId } }]);
    assert.equal((await device.status()).state, 5);
    assert.equal((await device.validate()).status, 401);
    assert.equal(refusalOf(await renameActivation(bench.deps, { activationId, name: "x" })), "activation-state");
  });

  test("Flags are a set that is added to, replaced and taken from", async () => {
    const { deps } = bench;
    const { activationId } = await bench.init({ flags: ["A", "A"] });
    assert.deepEqual(await listFlags(deps, activationId), ["A"]);
    assert.deepEqual(await addFlags(deps, { activationId, flags: ["B", "A"] }), ["A", "B"]);
    assert.deepEqual(await removeFlags(deps, { activationId, flags: ["A", "Z"] }), ["B"]);
    assert.deepEqual(await setFlags(deps, { activationId, flags: ["C"] }), ["C"]);
    await Promise.all(["D", "E"].map((flag) => addFlags(deps, { activationId, flags: [flag] })));
    assert.deepEqual([...done(await listFlags(deps, activationId))].sort(), ["C", "D", "E"]);
    assert.equal(refusalOf(await addFlags(deps, { activationId: "none", flags: ["A"] })), "activation-not-found");
    assert.equal(refusalOf(await addFlags(deps, { activationId, flags: [""] })), "invalid-request");
  });

  test("Lists and look-ups filter by what they are asked for, newest first, overdue ones as REMOVED", async () => {
    const { deps } = bench;
    const userId = `user-${id()}`;
    const { applicationId } = bench.application;
    const first = await bench.init({ userId, flags: ["X", "Y"] });
    const overdue = await bench.init({ userId, expiresAt: 1 });
    const active = await bench.activated("3.1", { userId });
    const ids = (rows: readonly { id: string }[]) => rows.map((row) => row.id).sort();
    const all = { userId, page: 0, pageSize: 500 };
    assert.equal((await listActivations(deps, all)).length, 3);
    assert.equal((await listActivations(deps, { ...all, pageSize: 2 })).length, 2);
    assert.equal((await listActivations(deps, { ...all, page: 1, pageSize: 2 })).length, 1);
    assert.deepEqual(ids(await listActivations(deps, { ...all, statuses: ["REMOVED"] })), [overdue.activationId]);
    assert.deepEqual(ids(await listActivations(deps, { ...all, statuses: ["CREATED"] })), [first.activationId]);
    assert.deepEqual(await listActivations(deps, { ...all, applicationIds: [] }), []);
    assert.deepEqual(await listActivations(deps, { ...all, applicationIds: ["none"] }), []);

    const look = (more: object) => lookupActivations(deps, { userIds: [userId], ...more });
    assert.deepEqual(ids(await look({ flags: ["X", "Y"] })), [first.activationId]);
    assert.deepEqual(ids(await look({ flags: ["X", "Z"] })), []);
    assert.deepEqual(ids(await look({ status: "ACTIVE", applicationIds: [applicationId] })), [active.activationId]);
    assert.deepEqual(ids(await look({ applicationIds: ["none"] })), []);
    assert.equal((await look({ lastUsedAfter: 0 })).length, 3);
    assert.equal((await look({ lastUsedBefore: 1 })).length, 0);
    assert.deepEqual(await lookupActivations(deps, { userIds: ["nobody"] }), []);
  });

  test("An overdue activation is over for everybody at once, and the sweeper writes it down once", async () => {
    const { deps } = bench;
    const now = await deps.store.now();
    const waiting = await bench.init({ expiresAt: now + 250 });
    const device = bench.newDevice("3.1");
    await device.activate(waiting.activationCode);
    const never = await bench.init({ expiresAt: 1 });
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(refusalOf(await commitActivation(deps, waiting)), "activation-expired");
    const { activationId } = waiting;
    const late = deps.store.transaction((change) => moveActivation(deps, change, "commit", { activationId }));
    assert.equal(await late, undefined, "nor does it move for one who looked before the end");
    assert.equal((await device.status()).state, 5);
    const swept = await Promise.all([sweepActivations(deps), sweepActivations(deps)]);
    assert.ok(swept[0] + swept[1] >= 1);
    assert.equal((await bench.row(never.activationId)).status, "REMOVED");
    assert.equal((await activationHistory(deps, never)).length, 2);
    assert.equal((await activationHistory(deps, waiting)).length, 3);
    assert.equal(await sweepActivations(deps), 0);
  });

  test("An activation that is unknown cannot be told from one that waits for a device (status)", async () => {
    const { activationId } = await bench.init();
    const device = bench.newDevice();
    for (const challenge of [undefined, random(16)]) {
      for (const asked of [activationId, crypto.name, "00000000-0000-4000-8000-000000000000"]) {
        const answer = await device.statusOf(asked, challenge);
        assert.equal(answer.status, 200);
        const { encryptedStatusBlob, nonce, ...rest } = answer.body.responseObject;
        assert.deepEqual(rest, { activationId: asked });
        assert.equal(Buffer.from(encryptedStatusBlob, "base64").length, 32);
        assert.equal(nonce === undefined, challenge === undefined);
        const again = await device.statusOf(asked, challenge);
        assert.notEqual(again.body.responseObject.encryptedStatusBlob, encryptedStatusBlob);
      }
    }
    const unknown = done(await activationDetail(bench.deps, { activationId: "none" }));
    assert.deepEqual([unknown.activationStatus, unknown.userId, unknown.version], ["REMOVED", "unknown", 0]);
  });

  test("Every change of an activation is one event in the audit, with the state it led to", async () => {
    const device = await bench.activated();
    const { activationId } = device;
    await device.validate();
    await device.validate({ pin: "0000" });
    await device.createToken();
    done(await blockActivation(bench.deps, { activationId, clientId: "client-1" }));
    done(await blockActivation(bench.deps, { activationId }));
    done(await unblockActivation(bench.deps, { activationId }));
    done(await addFlags(bench.deps, { activationId, flags: ["F"] }));
    done(await removeActivation(bench.deps, { activationId }));
    const events = await bench.deps.store.read
      .selectFrom("audit_event")
      .select(["type", "payload"])
      .where("subject", "=", activationId)
      .orderBy("at")
      .orderBy("lane")
      .orderBy("seq")
      .execute();
    const types = events.map((event) => event.type).sort();
    assert.deepEqual(types, [
      "activation.blocked",
      "activation.committed",
      "activation.created",
      "activation.flags.changed",
      "activation.prepared",
      "activation.removed",
      "activation.unblocked",
      "signature.accepted",
      "signature.failed",
      "token.created",
    ]);
    const blocked = events.find((event) => event.type === "activation.blocked");
    assert.match(blocked!.payload!, /"clientId":"client-1"/);
    assert.match(blocked!.payload!, /"status":"BLOCKED"/);
  });
});
