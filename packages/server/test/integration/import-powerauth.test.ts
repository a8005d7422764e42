/** Moving from a PowerAuth server: its devices go on signing with this one, on both stores. */
import assert from "node:assert/strict";
import { argon2Sync, randomBytes, randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext } from "node:test";
import { toBase64 } from "@countersign/protocol/bytes";
import { tokenHeaderName } from "@countersign/protocol/powerauth/headers";
import pg from "pg";
import { importData, type ImportDataOptions, type ImportReport } from "../../src/import-data.ts";
import { refused } from "../answers.ts";
import { type Bank, type Credentials, startBank } from "../bank.ts";
import { random, type Token } from "../device.ts";
import { createPowerAuthDatabase, type PowerAuthDatabase, type SourceApplication } from "../powerauth-database.ts";
import { forEachStore, postgres, type TestStore } from "../stores.ts";

interface Move {
  readonly source: PowerAuthDatabase;
  readonly app: SourceApplication;
  /** Imports into the data of the test, which nothing has open. */
  run(more?: Partial<ImportDataOptions>): Promise<ImportReport>;
  /** A server on these data; `stop` it before the next import. */
  start(): Promise<{ readonly bank: Bank; stop(): Promise<void> }>;
  readonly store: TestStore;
}

function moving(title: string, work: (move: Move, t: TestContext) => Promise<void>): void {
  forEachStore(title, async (store, t) => {
    if ((await postgres()) === undefined) return t.skip("PostgreSQL: not found");
    await store.close();
    const source = await createPowerAuthDatabase();
    const running = new Set<Bank>();
    let admin: Credentials | undefined;
    try {
      const app = await source.application("retail");
      const run = (more: Partial<ImportDataOptions> = {}) =>
        importData(store.location, {
          from: source.url,
          zone: "UTC",
          sourceMasterKey: source.masterKey,
          tenant: "default",
          dryRun: false,
          enableCallbacks: false,
          environment: { COUNTERSIGN_MASTER_KEY: store.masterKey },
          ...more,
        });
      const start = async () => {
        const bank = await startBank({ opened: await store.reopen(), ...(admin && { admin }) });
        admin = bank.admin;
        running.add(bank);
        return { bank, stop: async () => void (running.delete(bank) && (await bank.close())) };
      };
      await work({ source, app, run, start, store }, t);
    } finally {
      for (const bank of running) await bank.close();
      await source.close();
    }
  });
}

const counts = (report: ImportReport, table: string) => {
  const { read, imported, updated, kept, skipped, refused: wrong } = report.tables[table]!;
  return [read, imported, updated, kept, skipped, wrong];
};

moving("devices of every version, with plain and encrypted keys, sign as if nothing had happened", async (move) => {
  const { source, app, run, start } = move;
  const activations = [];
  for (const version of ["3.0", "3.1", "3.2", "3.3"] as const) {
    for (const encrypted of [false, true]) {
      activations.push({ version, ...(await source.activation(app, { version, encrypted })) });
    }
  }
  const report = await run();
  assert.deepEqual([report.refused, report.skipped, report.locked, report.dryRun], [[], {}, true, false]);
  assert.deepEqual(counts(report, "pa_activation"), [8, 8, 0, 0, 0, 0]);
  const { bank, stop } = await start();
  for (const { activationId, userId, device, version } of activations) {
    const phone = device(bank.publicUrl);
    assert.equal((await phone.validate()).status, 200, version);
    assert.equal((await phone.validate({ pin: "9999" })).status, 401);
    assert.equal((await phone.validate({ factors: "possession_biometry" })).status, 200);
    assert.equal((await phone.createToken()).status, 200);
    assert.equal((await phone.unlockVault()).status, 200);
    const status = await phone.status();
    assert.deepEqual([status.state, status.failedAttempts], [3, 0]);
    const detail = await bank.done("/activation/status", { activationId });
    assert.deepEqual(
      [detail.userId, detail.activationName, detail.activationFlags, detail.timestampCreated],
      [userId, "phone", ["VIP"], "2023-04-03T13:59:06.015+00:00"],
    );
    const { items } = await bank.done("/activation/history", { activationId });
    assert.equal(items[0].eventReason, "IMPORTED");
  }
  // The newest master key is the application's, and new devices are activated with it.
  const { activationCode } = await bank.done("/activation/init", { userId: "new", applicationId: app.applicationId });
  const fresh = activations[0]!.device(bank.publicUrl);
  await fresh.activate(activationCode);
  const { applicationRoles } = await bank.done("/application/detail", { applicationId: app.applicationId });
  assert.deepEqual(applicationRoles, ["ROLE_A"]);
  const events = await bank.store.read
    .selectFrom("audit_event")
    .select("subject")
    .where("type", "=", "data.imported")
    .execute();
  assert.deepEqual(events.map(({ subject }) => subject).sort(), [
    "pa_activation",
    "pa_application",
    "pa_application_version",
  ]);
  await stop();
});

moving("blocked, removed and waiting activations are what they were", async ({ source, app, run, start }) => {
  const blocked = await source.activation(app, { status: 4 });
  const removed = await source.activation(app, { status: 5, encrypted: true });
  const waiting = await source.activation(app, { status: 2 });
  const otp = argon2i("314159");
  const withOtp = await source.activation(app, {
    status: 2,
    set: { activation_otp: otp, activation_otp_validation: 2 },
  });
  const created = await source.activation(app, { status: 1 });
  const early = await source.activation(app, { status: 1, set: { activation_otp: otp, commit_phase: 1 } });
  const overdue = await source.activation(app, {
    status: 1,
    set: { timestamp_activation_expire: "2024-01-01 00:00:00" },
  });
  assert.deepEqual((await run()).refused, []);
  const { bank, stop } = await start();
  const statusOf = async ({ activationId }: { activationId: string }) =>
    (await bank.done("/activation/status", { activationId })).activationStatus;

  const phone = blocked.device(bank.publicUrl);
  assert.deepEqual([(await phone.status()).state, (await phone.validate()).status], [4, 401]);
  await bank.done("/activation/unblock", { activationId: blocked.activationId });
  assert.equal((await phone.validate()).status, 200);

  const gone = removed.device(bank.publicUrl);
  assert.deepEqual([(await gone.status()).state, (await gone.validate()).status], [5, 401]);
  refused(await bank.call("/activation/unblock", { activationId: removed.activationId }), "ERR0008");

  const other = waiting.device(bank.publicUrl);
  assert.equal((await other.validate()).status, 401);
  await bank.done("/activation/commit", { activationId: waiting.activationId });
  assert.equal((await other.validate()).status, 200);

  const { activationId } = withOtp;
  refused(await bank.call("/activation/commit", { activationId, activationOtp: "271828" }), "ERR0031");
  await bank.done("/activation/commit", { activationId, activationOtp: "314159" });
  assert.equal((await withOtp.device(bank.publicUrl).validate()).status, 200);

  await created.device(bank.publicUrl).activate(created.code!);
  assert.equal(await statusOf(created), "PENDING_COMMIT");
  assert.equal((await early.device(bank.publicUrl).requestActivation(early.code!)).answer.status, 400);
  await early.device(bank.publicUrl).activate(early.code!, { otp: "314159" });
  assert.equal(await statusOf(early), "ACTIVE");
  assert.equal(await statusOf(overdue), "REMOVED");
  await stop();
});

/** As PowerAuth servers hash them. */
function argon2i(password: string): string {
  const nonce = randomBytes(16);
  const cost = { memory: 32_768, passes: 3, parallelism: 16, tagLength: 32 };
  const tag = argon2Sync("argon2i", { message: password, nonce, ...cost });
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64").replace(/=+$/, "");
  return `$argon2i$v=19$m=32768,t=3,p=16$${text(nonce)}$${text(tag)}`;
}

const list = "/api/auth/token/app/operation/list";

moving("tokens, templates, operations, callbacks, settings and push registrations come along", async (move) => {
  const { source, app, run, start } = move;
  const { activationId, userId, device } = await source.activation(app);
  const token: Token = { tokenId: randomUUID(), tokenSecret: toBase64(random(16)) };
  await source.insert("pa_token", {
    token_id: token.tokenId,
    token_secret: token.tokenSecret,
    activation_id: activationId,
    signature_type: "POSSESSION",
    timestamp_created: "2024-01-01",
  });
  await source.insert("pa_operation_template", {
    id: 42,
    template_name: "login",
    operation_type: "login",
    data_template: "A2",
    signature_type: "possession_knowledge,possession_biometry",
    max_failure_count: 3,
    expiration: 120,
    risk_flags: "X",
  });
  await source.insert("es_operation_template", {
    id: 1,
    placeholder: "login",
    language: "en",
    title: "Log in",
    message: "Log in to ${place}",
    attributes: '[{"id":"place","type":"KEY_VALUE","text":"Place","params":{"value":"place"}}]',
  });
  await source.insert("es_operation_template", {
    id: 2,
    placeholder: "login",
    language: "cs",
    title: "x",
    message: "y",
    attributes: "{",
  });
  const operation = (id: string, status: number, more: object = {}) => ({
    id,
    user_id: userId,
    operation_type: "login",
    template_name: "login",
    data: "A2",
    parameters: '{"place":"the bank"}',
    status,
    signature_type: "possession_knowledge",
    failure_count: 1,
    max_failure_count: 3,
    timestamp_created: new Date().toISOString(),
    timestamp_expires: new Date(Date.now() + 600_000).toISOString(),
    ...more,
  });
  const pending = randomUUID();
  await source.insert(
    "pa_operation",
    operation(pending, 1, { totp_seed: toBase64(random(16)), activation_id: activationId }),
  );
  const open = randomUUID();
  await source.insert("pa_operation", operation(open, 1, { additional_data: '{"a":{"b":1}}' }));
  const done = randomUUID();
  await source.insert("pa_operation", operation(done, 4));
  for (const id of [pending, open, done]) {
    await source.insert("pa_operation_application", { application_id: app.number, operation_id: id });
  }
  const callback = randomUUID();
  const authentication = JSON.stringify({ httpBasic: { enabled: true, username: "u", password: "callback password" } });
  await source.insert("pa_application_callback", {
    id: callback,
    application_id: app.number,
    name: "operations",
    callback_url: "https://bank.example/operations",
    type: "OPERATION_STATUS_CHANGE",
    attributes: '["userId","status"]',
    authentication: source.encrypt([app.applicationId], authentication),
    encryption_mode: "AES_HMAC",
    max_attempts: 7,
    initial_backoff: "PT2.5S",
    retention_period: "P30D",
  });
  const provider = {
    providerId: "bank-id",
    clientId: "client",
    clientSecret: "top secret",
    issuerUri: "https://issuer.example",
    redirectUri: "com.bank.app:/oidc",
    scopes: "openid",
  };
  await source.insert("pa_application_config", {
    id: 1,
    application_id: app.number,
    config_key: "oauth2_providers",
    config_values: source.encrypt([app.applicationId], JSON.stringify([provider])),
    encryption_mode: "AES_HMAC",
  });
  await source.insert("pa_application_config", {
    id: 2,
    application_id: app.number,
    config_key: "fido2_aaguids_allowed",
    config_values: "[]",
  });
  await source.insert("push_device_registration", {
    id: 1,
    activation_id: activationId,
    user_id: userId,
    app_id: app.number,
    platform: "ios",
    push_token: "push token",
    timestamp_last_registered: "2024-01-01",
    is_active: true,
  });

  // A token header that the source has accepted already.
  const used = device("http://unused").withToken(token);
  const nonce = /nonce="([^"]+)"/.exec(used[tokenHeaderName]!)![1]!;
  const value = Buffer.concat([Buffer.from(nonce, "base64"), Buffer.from(token.tokenId)]).toString("base64");
  await source.insert("pa_unique_value", { unique_value: value, type: 0, timestamp_expires: "2099-01-01" });

  const report = await run();
  assert.deepEqual(report.refused, [{ table: "es_operation_template", id: "login/cs", reason: "not-json" }]);
  assert.deepEqual(report.skipped, {
    "pa_application_config: key fido2_aaguids_allowed": 1,
    "pa_operation: finished": 1,
  });
  const { bank, stop } = await start();
  const phone = device(bank.publicUrl);
  const body = JSON.stringify({ requestObject: {} });
  assert.equal((await phone.post(list, body, used)).status, 401, "seen by the source");
  const listed = await phone.post(list, body, phone.withToken(token));
  assert.deepEqual(listed.body.responseObject.map(({ id }: { id: string }) => id).sort(), [pending, open].sort());

  const requestObject = { id: open, data: "A2" };
  const approval = { uriId: "/operation/authorize", body: JSON.stringify({ requestObject }) };
  assert.equal((await phone.signed("/api/auth/token/app/operation/authorize", approval)).status, 200);
  const detail = await bank.done("/operation/detail", { operationId: open });
  assert.deepEqual(
    [detail.status, detail.failureCount, detail.additionalData.a, detail.maxFailureCount],
    ["APPROVED", 1, { b: 1 }, 3],
  );

  const [template] = await bank.done("/operation/template/list", {});
  assert.deepEqual([template.id, template.templateName, template.maxFailureCount], [42, "login", 3]);
  const created = await bank.done("/operation/create", {
    templateName: "login",
    userId,
    applications: [app.applicationId],
  });
  assert.equal(created.status, "PENDING");

  const { read } = bank.store;
  const sink = await read.selectFrom("sink").selectAll().executeTakeFirstOrThrow();
  assert.deepEqual(
    [sink.id, sink.enabled, sink.max_attempts, sink.initial_backoff_ms, sink.retention_seconds, sink.attributes],
    [callback, 0, 7, 2500, 2_592_000, '["userId","status"]'],
  );
  assert.ok(sink.authentication_sealed !== null && !sink.authentication_sealed.includes("callback"));
  const display = await read.selectFrom("display_template").selectAll().execute();
  assert.deepEqual(
    display.map(({ operation_type: type, language, title }) => [type, language, title]),
    [["login", "en", "Log in"]],
  );
  const push = await read.selectFrom("push_device").selectAll().executeTakeFirstOrThrow();
  assert.deepEqual(
    [push.activation_id, push.platform, push.environment, push.user_id],
    [activationId, "apns", "production", userId],
  );
  const { applicationConfigs } = await bank.done("/application/config/detail", { applicationId: app.applicationId });
  assert.deepEqual(applicationConfigs, [{ key: "oauth2_providers", values: [provider] }]);
  const payloads = await read.selectFrom("audit_event").select("payload").execute();
  for (const secret of [token.tokenSecret, "callback password", "top secret", "push token"]) {
    assert.ok(payloads.every(({ payload }) => !payload!.includes(secret)));
  }

  // Removed here, it does not come back with the next import; enabled here, it stays.
  await phone.signed("/pa/v3/token/remove", {
    uriId: "/pa/token/remove",
    body: JSON.stringify({ requestObject: { tokenId: token.tokenId } }),
  });
  await bank.done("/application/callback/remove", { id: callback });
  await stop();
  const again = await run({ enableCallbacks: true });
  assert.deepEqual(counts(again, "pa_token"), [1, 0, 0, 1, 0, 0]);
  assert.deepEqual(counts(again, "pa_application_callback"), [1, 0, 0, 1, 0, 0]);
  assert.deepEqual(counts(again, "pa_operation"), [3, 0, 0, 2, 1, 0]);
  const second = await start();
  assert.equal((await second.bank.done("/operation/detail", { operationId: open })).status, "APPROVED");
  assert.equal((await phoneOn(second.bank).post(list, body, phoneOn(second.bank).withToken(token))).status, 401);
  await second.stop();

  function phoneOn(next: Bank) {
    return device(next.publicUrl);
  }
});

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
  assert.deepEqual(second.refused.map(({ id, reason }) => [id, reason]).sort(), [
    ["broken", "master-key-pair"],
    ["mine", "another-of-this-name"],
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
  let attempt: Promise<unknown> | undefined;
  const report = await run({
    onProgress() {
      attempt ??= assert.rejects(
        other.query("set lock_timeout to '50ms'; update pa_activation set failed_attempts = 0"),
        { code: "55P03" },
      );
    },
  });
  assert.equal(report.locked, true);
  await attempt;
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
