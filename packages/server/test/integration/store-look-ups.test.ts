/** The look-ups that are prepared, and on PostgreSQL asked together. */
import assert from "node:assert/strict";
import { seed } from "../store-rows.ts";
import { forEachStore } from "../stores.ts";

forEachStore("containers asked for at once each come with their own keys, without those retired", async ({ store }) => {
  await seed(store, { activations: 3 });
  const tenant = "default";
  const text = { policies: "{}", features: "{}", rules: "{}", countermeasures: "{}", otp: "[]" };
  const key = { tenant, use: "pop", public_jwk: "{}", policy: "p", created_at: 0, expires_at: null } as const;
  const none = { renewal: null, renew_before: null, deletion_reason: null };
  await store.transaction(async ({ db }) => {
    const type = { tenant, id: "phone", application_id: "app", max_devices: 0, key_days: 0, updated_at: 0 };
    await db
      .insertInto("device_type")
      .values({ ...type, ...text, default_client: null })
      .execute();
    for (const activation_id of ["activation-1", "activation-2"]) {
      const row = {
        tenant,
        activation_id,
        device_type: "phone",
        policies: "{}",
        info: "{}",
        transcript: activation_id,
      };
      await db
        .insertInto("container")
        .values({ ...row, ...none })
        .execute();
      for (const state of ["ACTIVE", "PENDING", "RETIRED"] as const) {
        await db
          .insertInto("container_key")
          .values({ ...key, activation_id, kid: `${activation_id} ${state}`, state })
          .execute();
      }
    }
  });
  const found = await Promise.all(
    ["activation-2", "activation-3", "activation-1", "activation-2"].map((id) => store.findContainer(id)),
  );
  const kids = found.map((rows) => rows.map(({ transcript, kid }) => `${transcript}: ${kid}`).sort());
  const of = (id: string) => [`${id}: ${id} ACTIVE`, `${id}: ${id} PENDING`];
  assert.deepEqual(kids, [of("activation-2"), [], of("activation-1"), of("activation-2")]);
});
