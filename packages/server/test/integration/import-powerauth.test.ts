/** Moving from a PowerAuth server: its devices go on signing with this one, on both stores. */
import assert from "node:assert/strict";
import { argon2Sync, randomBytes, randomUUID } from "node:crypto";
import { toBase64 } from "@countersign/protocol/bytes";
import { tokenHeaderName } from "@countersign/protocol/powerauth/headers";
import { refused } from "../answers.ts";
import type { Bank } from "../bank.ts";
import { random, type Token } from "../device.ts";
import { counts, moving } from "../moving.ts";

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
