/** Rows for storage tests: valid, with nothing in them that a test does not set. */
import type { EventDraft } from "../src/audit/event.ts";
import type { ActivationTable, OperationTable, Schema } from "../src/store/schema.ts";
import type { ActivationRow, OperationRow, Store } from "../src/store/store.ts";
import type { Insertable } from "kysely";

const tenant = "default";

export const application: Insertable<Schema["application"]> = {
  tenant,
  id: "app",
  roles: "[]",
  master_public_key: "",
  master_private_sealed: "",
  min_version: "3.1",
  created_at: 0,
};

export function activationRow(set: Partial<ActivationTable> = {}): ActivationRow {
  return {
    tenant,
    id: "activation-1",
    application_id: "app",
    user_id: "user",
    status: "ACTIVE",
    blocked_reason: null,
    activation_code: null,
    commit_phase: "ON_COMMIT",
    otp_validation: "NONE",
    otp_hash: null,
    name: "Phone",
    platform: null,
    device_info: null,
    extras: null,
    external_id: null,
    additional_data: null,
    flags: "[]",
    failed_attempts: 0,
    max_failed_attempts: 5,
    counter: 0,
    ctr_data: "AAAA",
    server_public_key: "",
    server_private_sealed: "",
    device_public_key: null,
    keys_sealed: null,
    version_floor: "3.3",
    expires_at: 0,
    created_at: 0,
    changed_at: 0,
    last_used_at: 0,
    protocol: "powerauth",
    parent_activation_id: null,
    transfer_type: null,
    ...set,
  };
}

export function operationRow(set: Partial<OperationTable> = {}): OperationRow {
  return {
    tenant,
    id: "operation-1",
    user_id: "user",
    external_id: null,
    activation_id: null,
    activation_flag: null,
    template_name: "payment",
    operation_type: "payment",
    data: "A1*A100CZK",
    parameters: "{}",
    additional_data: "{}",
    applications: '["app"]',
    signature_types: "[]",
    status: "PENDING",
    status_reason: null,
    failure_count: 0,
    max_failure_count: 5,
    risk_flags: null,
    created_at: 0,
    expires_at: 1_000_000,
    finalized_at: null,
    proximity_seed_sealed: null,
    approval: null,
    backchannel_id: null,
    backchannel_sink: null,
    ...set,
  };
}

export function draft(type: EventDraft["type"], subject = "subject", applications: readonly string[] = []): EventDraft {
  return { type, subject, applications, data: { note: "x" } };
}

/** Application `app`, and as many activations (`activation-1`…) and operations (`operation-1`…) as asked for. */
export async function seed(store: Store, counts: { activations?: number; operations?: number } = {}): Promise<void> {
  await store.transaction(async ({ db }) => {
    await db.insertInto("application").values(application).execute();
    for (let at = 1; at <= (counts.activations ?? 1); at++) {
      await db
        .insertInto("activation")
        .values(activationRow({ id: `activation-${at}` }))
        .execute();
    }
    for (let at = 1; at <= (counts.operations ?? 1); at++) {
      await db
        .insertInto("operation")
        .values(operationRow({ id: `operation-${at}` }))
        .execute();
    }
  });
}
