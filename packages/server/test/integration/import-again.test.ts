/** Imports that are repeated, cut off, or find what is not right; on both stores. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toBase64 } from "@countersign/protocol/bytes";
import pg from "pg";
import { openSource } from "../../src/import/source.ts";
import { importData } from "../../src/import-data.ts";
import { random } from "../device.ts";
import { counts, moving } from "../moving.ts";

moving("a repeated import takes nothing back, and takes up what the source did meanwhile", async (move) => {
  const { source, app, run, start } = move;
  const [busy, lazy, stolen, left] = [
    await source.activation(app),
    await source.activation(app),
    await source.activation(app),
    await source.activation(app),
  ];
  await run();
  const first = await start();
  const phone = busy.device(first.bank.publicUrl);
  for (let at = 0; at < 3; at++) assert.equal((await phone.validate()).status, 200);
  assert.equal((await phone.validate({ pin: "9999" })).status, 401);
  await first.bank.done("/activation/block", { activationId: stolen.activationId });
  await first.bank.done("/activation/remove", { activationId: left.activationId });
  await first.stop();

  // Meanwhile at the source: one device has signed on, one was blocked.
  const moved = toBase64(random(16));
  await source.client.query(
    "update pa_activation set counter = 90, ctr_data = $2, failed_attempts = 3 where activation_id = $1",
    [lazy.activationId, moved],
  );
  const report = await run();
  assert.deepEqual(report.refused, []);
  assert.deepEqual(counts(report, "pa_activation"), [4, 0, 1, 3, 0, 0]);

  const second = await start();
  const row = async (activationId: string) => (await second.bank.store.findActivation(activationId))!;
  assert.deepEqual(
    [(await row(stolen.activationId)).status, (await row(left.activationId)).status],
    ["BLOCKED", "REMOVED"],
  );
  const kept = await row(busy.activationId);
  assert.deepEqual([kept.counter, kept.failed_attempts], [11, 1]);
  const { counter, ctr_data: data, failed_attempts: failed } = await row(lazy.activationId);
  assert.deepEqual([counter, data, failed], [90, moved, 3]);
  const again = busy.device(second.bank.publicUrl);
  again.counter = phone.counter;
  assert.equal((await again.validate()).status, 200);
  await second.stop();

  await source.client.query("update pa_activation set activation_status = 5 where activation_id = $1", [
    busy.activationId,
  ]);
  assert.deepEqual(counts(await run(), "pa_activation"), [4, 0, 1, 3, 0, 0]);
  const third = await start();
  assert.equal((await third.bank.store.findActivation(busy.activationId))!.status, "REMOVED");
  await third.stop();
});

moving("an import that was cut off half way is completed by the next", async ({ source, app, run, start }) => {
  const activations = [];
  for (let at = 0; at < 1200; at++) activations.push(await source.activation(app, { encrypted: at % 2 === 0 }));
  let pages = 0;
  const cut = run({
    onProgress(table) {
      if (table === "pa_activation" && ++pages === 2) throw new Error("power is gone");
    },
  });
  await assert.rejects(cut, /power is gone/);
  const report = await run();
  assert.deepEqual(counts(report, "pa_activation"), [1200, 200, 0, 1000, 0, 0]);
  assert.deepEqual(counts(await run(), "pa_activation"), [1200, 0, 0, 1200, 0, 0]);
  const { bank, stop } = await start();
  for (const at of [0, 1, 600, 1199])
    assert.equal((await activations[at]!.device(bank.publicUrl).validate()).status, 200);
  await stop();
});

moving("keys that do not fit are refused by name, and the others are taken", async ({ source, app, run, start }) => {
  const good = await source.activation(app, { encrypted: true });
  const foreign = await source.activation(app);
  const { rows } = await source.client.query(
    "select server_private_key_base64 as key, server_public_key_base64 as point from pa_activation where activation_id = $1",
    [foreign.activationId],
  );
  const [{ key, point }] = rows as [{ key: string; point: string }];
  const cases: Record<string, Readonly<Record<string, unknown>>> = {
    "server-key-pair": { server_private_key_base64: key },
    "device-key": { device_public_key_base64: toBase64(new Uint8Array(65).fill(4)) },
    counter: { ctr_data: toBase64(random(15)) },
    mode: { server_private_key_encryption: 2 },
    "no-device-key": { device_public_key_base64: null },
    "one-time-password": { activation_otp: "plain" },
    numbers: { max_failed_attempts: 0 },
    id: { activation_id: "AAAA" },
    "user-id": { user_id: "" },
  };
  const expected: Record<string, string> = {};
  for (const [reason, set] of Object.entries(cases)) {
    const { activationId } = await source.activation(app, { set });
    expected[(set.activation_id as string) ?? activationId] = reason;
  }
  const swapped = await source.activation(app, { set: { server_public_key_base64: point } });
  expected[swapped.activationId] = "server-key-pair";
  // A record moved to another user does not open: the key is bound to both names.
  const stolen = await source.activation(app, { encrypted: true });
  await source.client.query("update pa_activation set user_id = 'mallory' where activation_id = $1", [
    stolen.activationId,
  ]);

  const report = await run();
  const told = Object.fromEntries(report.refused.map(({ id, reason }) => [id, reason]));
  const { [stolen.activationId]: moved, ...others } = told;
  assert.deepEqual(others, expected);
  assert.ok(moved === "decryption" || moved === "server-key-pair", moved);
  const { bank, stop } = await start();
  assert.equal((await good.device(bank.publicUrl).validate()).status, 200);
  assert.equal((await foreign.device(bank.publicUrl).validate()).status, 200);
  assert.equal(await bank.store.findActivation(swapped.activationId), undefined);
  await stop();

  const without = await run({ sourceMasterKey: undefined });
  assert.ok(without.refused.some(({ id, reason }) => id === good.activationId && reason === "no-master-key"));
  const wrong = await run({ sourceMasterKey: randomBytes(16).toString("base64") });
  const reason = wrong.refused.find(({ id }) => id === good.activationId)?.reason;
  assert.ok(reason === "decryption" || reason === "server-key-pair");
  await assert.rejects(run({ sourceMasterKey: "c2hvcnQ=" }), { name: "SourceError", code: "master-key" });
});

moving("an application whose master key pair does not fit is not taken, nor anything of it", async (move) => {
  const { source, app, run, start } = move;
  const broken = await source.application("broken");
  await source.client.query(
    "update pa_master_keypair set master_key_private_base64 = 'AQ==' where application_id = $1",
    [broken.number],
  );
  const lost = await source.activation(broken);
  const report = await run();
  assert.deepEqual(report.refused, [{ table: "pa_application", id: "broken", reason: "master-key-pair" }]);
  assert.equal(report.skipped["pa_activation: application-not-taken"], 1);

  const first = await start();
  await first.bank.application("mine");
  assert.equal(await first.bank.store.findActivation(lost.activationId), undefined);
  await first.stop();
  await source.application("mine");
  const second = await run();
  assert.deepEqual(second.refused.map(({ id, reason }) => `${id} ${reason}`).sort(), [
    "broken master-key-pair",
    "mine another-of-this-name",
  ]);
  assert.equal(app.applicationId, "retail");
});

moving("what has no place here is skipped and counted: FIDO2, protocol 2 and 4", async ({ source, app, run }) => {
  await source.activation(app, { set: { protocol: "fido2" } });
  await source.activation(app, { set: { version: 2 } });
  await source.activation(app, { set: { version: 4 } });
  const report = await run();
  assert.deepEqual(report.refused, []);
  assert.deepEqual(report.skipped, {
    "pa_activation: fido2": 1,
    "pa_activation: protocol version 2": 1,
    "pa_activation: protocol version 4": 1,
  });
});

moving("a dry run checks everything and writes nothing", async ({ source, app, run, store }) => {
  await source.activation(app, { encrypted: true });
  const { activationId } = await source.activation(app, { set: { ctr_data: "AA==" } });
  const report = await run({ dryRun: true });
  assert.deepEqual([report.dryRun, counts(report, "pa_activation")], [true, [2, 1, 0, 0, 0, 1]]);
  assert.deepEqual(report.refused, [{ table: "pa_activation", id: activationId, reason: "counter" }]);
  const opened = await store.reopen();
  assert.deepEqual(await opened.store.read.selectFrom("application").select("id").execute(), []);
  assert.deepEqual(
    await opened.store.read.selectFrom("audit_event").select("id").where("type", "=", "data.imported").execute(),
    [],
  );
  await opened.close();

  const directory = join(mkdtempSync(join(tmpdir(), "countersign-dry-")), "data");
  const options = { from: source.url, zone: "UTC", tenant: "default", dryRun: true, enableCallbacks: false };
  await importData({ kind: "sqlite", dataDirectory: directory }, { ...options, sourceMasterKey: source.masterKey });
  assert.equal(existsSync(directory), false);
  rmSync(join(directory, ".."), { recursive: true });
});

moving("a source at work is not read, and one is locked while it is read", async ({ source, app, run }) => {
  await source.activation(app);
  const other = new pg.Client({ connectionString: source.url });
  await other.connect();
  await other.query("begin");
  await other.query("update pa_activation set failed_attempts = 0");
  await assert.rejects(run(), { name: "SourceError", code: "in-use" });
  await other.query("rollback");

  // While it is read, nobody changes it.
  const reading = await openSource({ url: source.url, zone: "UTC" });
  assert.equal(reading.locked, true);
  await other.query("set lock_timeout to '50ms'");
  await assert.rejects(other.query("update pa_activation set failed_attempts = 0"), { code: "55P03" });
  await reading.close();
  await other.query("update pa_activation set failed_attempts = 0");
  await other.query("create role reader login");
  await other.query("grant select on all tables in schema public to reader");
  const reader = source.url.replace("user=postgres", "user=reader");
  if (reader !== source.url) assert.equal((await run({ from: reader })).locked, false);
  await other.query("drop owned by reader");
  await other.query("drop role reader");
  await other.end();
});

moving("timestamps are read in the zone that the source wrote them in", async ({ source, app, run, store }) => {
  const { activationId } = await source.activation(app, { set: { timestamp_created: "2023-07-01 12:00:00" } });
  await run({ zone: "Europe/Prague" });
  const opened = await store.reopen();
  assert.equal((await opened.store.findActivation(activationId))!.created_at, Date.UTC(2023, 6, 1, 10));
  await opened.close();
  await assert.rejects(run({ zone: "Europe/Nowhere" }), { name: "SourceError", code: "zone" });
});

moving(
  "an older source without newer columns and tables is read as far as it goes",
  async ({ source, app, run, start }) => {
    const { device } = await source.activation(app);
    await source.client.query(`drop table pa_application_config, push_device_registration, es_operation_template;
    alter table pa_activation drop column commit_phase, drop column external_id, drop column protocol;
    alter table pa_operation drop column totp_seed, drop column status_reason, drop column activation_id;
    alter table pa_application_callback drop column encryption_mode, drop column max_attempts, drop column enabled`);
    assert.deepEqual((await run()).refused, []);
    const { bank, stop } = await start();
    assert.equal((await device(bank.publicUrl).validate()).status, 200);
    await stop();
    await source.client.query("alter table pa_activation rename to something");
    await assert.rejects(run(), { name: "SourceError", code: "not-powerauth" });
    await source.client.query("alter table something rename to pa_activation");
    await assert.rejects(run({ from: "postgresql://127.0.0.1:1/none" }), { name: "SourceError", code: "unreachable" });
  },
);

moving("data that a server is at work on are left alone", async ({ source, app, run, start, store }) => {
  await source.activation(app);
  const { stop } = await start();
  if (store.dialect === "sqlite") await assert.rejects(run(), { name: "StoreError", code: "STORE_IN_USE" });
  await stop();
});
