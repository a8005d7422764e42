import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { calculateJwkThumbprint, compactVerify, createLocalJWKSet } from "jose";
import { rotateMasterKey, sealedColumns } from "../../src/keys/rotate.ts";
import { rotateSigningKey, rotationDelayMs } from "../../src/keys/signing-keys.ts";
import { isStoreError } from "../../src/store/errors.ts";
import { tables } from "../../src/store/migrations/0001-initial.ts";
import { tables as approveTables } from "../../src/store/migrations/0003-approve.ts";
import { tables as oidcTables } from "../../src/store/migrations/0004-oidc.ts";
import { columns as laterColumns, tables as laterTables } from "../../src/store/migrations/0002-mobile-token.ts";
import { openStore } from "../../src/store/open.ts";
import { activationRow, application } from "../store-rows.ts";
import { forEachStore, random, withStore } from "../stores.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

let now = Date.now();
const clock = { now: () => now };

forEachStore(
  "signing keys are published with their thumbprints; a new one is before it signs, and retired ones stay",
  async ({ store, secrets, signingKeys }) => {
    const first = await signingKeys.sign("receipt", "test+jwt", { a: 1 });
    const { kid, signsFrom } = await rotateSigningKey({ store, secrets }, { use: "receipt" });
    assert.equal(signsFrom, now + rotationDelayMs);
    now = signsFrom - 1;
    const { keys } = (await signingKeys.current()).jwks;
    // One of each use, and the receipt key after this one.
    assert.equal(keys.length, 4);
    for (const key of keys) {
      assert.equal(key.kid, await calculateJwkThumbprint(key));
      assert.equal(key.d, undefined);
    }
    const find = createLocalJWKSet({ keys: [...keys] });
    const kidOf = async (jws: string) => (await compactVerify(jws, find)).protectedHeader.kid;
    const still = await signingKeys.sign("receipt", "test+jwt", { a: 1 });
    assert.equal(await kidOf(still), await kidOf(first), "not yet");
    now = signsFrom;
    assert.equal(await kidOf(await signingKeys.sign("receipt", "test+jwt", { a: 2 })), kid);
    assert.equal(await kidOf(first), await kidOf(still), "what a retired key signed still verifies");
    assert.equal((await signingKeys.current()).jwks.keys.length, 4);
    const events = await store.read.selectFrom("audit_event").select("type").execute();
    assert.deepEqual(events, [{ type: "key.rotated" }]);
  },
  clock,
);

forEachStore(
  "a rotation while one waits takes its turn after it, and one key signs at any time",
  async ({ store, secrets, signingKeys }) => {
    const made = await Promise.all([1, 2, 3].map(() => rotateSigningKey({ store, secrets }, { use: "approve" })));
    const order = made.toSorted((a, b) => a.signsFrom - b.signsFrom);
    assert.equal(new Set(order.map(({ signsFrom }) => signsFrom)).size, 3);
    for (const { kid, signsFrom } of order) {
      now = signsFrom;
      assert.equal((await signingKeys.current()).active("approve").kid, kid);
    }
  },
  clock,
);

test("after a rotation every node signs with the new key from the same moment on, without restart or news (postgres)", (t) =>
  withStore("postgres", clock, t, async (first) => {
    const nodes = [first, await first.reopen()];
    // Each has read its keys a moment before the rotation, and then hears nothing.
    now += 60_000;
    const kids = async (use: "approve" | "receipt") =>
      Promise.all(nodes.map(async ({ signingKeys }) => (await signingKeys.current()).active(use).kid));
    const before = await kids("approve");
    assert.equal(before[0], before[1]);
    const { kid, signsFrom } = await rotateSigningKey(first, { use: "approve" });
    for (now = signsFrom - rotationDelayMs; now < signsFrom; now += 1_000)
      assert.deepEqual(await kids("approve"), before);
    now = signsFrom;
    assert.deepEqual(await kids("approve"), [kid, kid]);
    const [receipt] = await kids("receipt");
    assert.deepEqual(await kids("receipt"), [receipt, receipt], "another use keeps its key");
    const signed = await nodes[1]!.signingKeys.sign("approve", "test+jwt", {});
    const { keys } = (await nodes[0]!.signingKeys.current()).jwks;
    assert.equal((await compactVerify(signed, createLocalJWKSet({ keys: [...keys] }))).protectedHeader.kid, kid);
  }));

const otpSecret = {
  tenant: "default",
  label: "event",
  type: "HOTP",
  digits: 6,
  algorithm: "SHA1",
  period: null,
  suite: null,
  challenge: null,
  challenge_expires_at: null,
  counter: 0,
  failed_attempts: 0,
  max_failed_attempts: 5,
} as const;

test("every sealed column of the tables is on the list of the rotation", () => {
  const definitions = [
    ...Object.entries({ ...tables, ...laterTables, ...approveTables, ...oidcTables }).map(
      ([table, { columns }]) => [table, columns] as const,
    ),
    ...Object.entries(laterColumns),
  ];
  const sealed = definitions.flatMap(([table, columns]) =>
    [...columns.matchAll(/(\w+_sealed) /g)].map((match) => `${table}.${match[1]}`),
  );
  assert.deepEqual(sealed.toSorted(), sealedColumns.map(({ table, column }) => `${table}.${column}`).toSorted());
});

forEachStore(
  "a rotation seals everything again, may be interrupted, and leaves keyed hashes as they were",
  async ({ store, secrets, masterKey, location, close }) => {
    const hash = secrets.hash("api-client", "secret");
    const place = (id: string) => ({ table: "activation", column: "server_private_sealed", row: id });
    const otpPlace = (id: string) => ({
      table: "otp_secret",
      column: "secret_sealed",
      row: JSON.stringify([id, otpSecret.label]),
    });
    const ids = Array.from({ length: 250 }, (_, at) => `activation-${at}`);
    await store.transaction(async ({ db }) => {
      await db
        .insertInto("application")
        .values({
          ...application,
          master_private_sealed: secrets.seal(
            { table: "application", column: "master_private_sealed", row: "app" },
            utf8("m"),
          ),
        })
        .execute();
      for (const id of ids) {
        await db
          .insertInto("activation")
          .values(activationRow({ id, server_private_sealed: secrets.seal(place(id), utf8(id)) }))
          .execute();
        await db
          .insertInto("otp_secret")
          .values({ ...otpSecret, activation_id: id, secret_sealed: secrets.seal(otpPlace(id), utf8(id)) })
          .execute();
      }
    });
    await close();

    const fresh = randomBytes(32).toString("base64");
    const open = (key: string, ...previousMasterKeys: string[]) =>
      openStore(location, { tenant: "default", random, masterKey: key, previousMasterKeys });
    await assert.rejects(open(fresh), (error) => isStoreError(error, "MASTER_KEY_MISMATCH"));

    const begun = await open(fresh, masterKey);
    const first = await begun.store.findActivation("activation-7");
    assert.deepEqual(begun.secrets.open(place("activation-7"), first!.server_private_sealed), utf8("activation-7"));
    await begun.close();
    await assert.rejects(
      open(fresh),
      (error) => isStoreError(error, "MASTER_KEY_MISMATCH"),
      "half way, without the key before",
    );
    await assert.rejects(
      open(masterKey),
      (error) => isStoreError(error, "MASTER_KEY_MISMATCH"),
      "half way, with the key before only",
    );

    const rotating = await open(fresh, masterKey);
    assert.equal(rotating.secrets.hash("api-client", "secret"), hash);
    // 250 activations and as many one-time-password secrets, one application, four signing keys, the key of the keyed hashes.
    assert.equal(await rotateMasterKey(rotating.store, rotating.secrets), 506);
    assert.equal(await rotateMasterKey(rotating.store, rotating.secrets), 0);
    await rotating.close();

    const done = await open(fresh);
    assert.equal(done.secrets.hash("api-client", "secret"), hash);
    for (const id of ids) {
      const row = await done.store.findActivation(id);
      assert.deepEqual(done.secrets.open(place(id), row!.server_private_sealed), utf8(id));
    }
    const passwords = await done.store.read.selectFrom("otp_secret").selectAll().execute();
    assert.equal(passwords.length, 250);
    for (const { activation_id: id, secret_sealed } of passwords) {
      assert.deepEqual(done.secrets.open(otpPlace(id), secret_sealed), utf8(id), "a key of two columns");
    }
    await done.signingKeys.sign("checkpoint", "t", {});
    await done.close();
    await assert.rejects(open(masterKey), (error) => isStoreError(error, "MASTER_KEY_MISMATCH"));
  },
);

test("with PostgreSQL a master key has to be given", async () => {
  const location = { kind: "postgres", url: "postgresql://127.0.0.1:1/none", dataDirectory: "/nonexistent" } as const;
  await assert.rejects(openStore(location, { tenant: "default", random }), (error) =>
    isStoreError(error, "MASTER_KEY_INVALID"),
  );
});
