/** The first tables. Frozen once released: later changes are new files. */
import type { Migration } from "../migrate.ts";
import { createTables, type Table } from "./table.ts";

const application = "(tenant, application_id) references application (tenant, id)";
const activation = "(tenant, activation_id) references activation (tenant, id)";

export const tables: Readonly<Record<string, Table>> = {
  setting: { columns: "tenant t, name t, value t", key: "tenant, name" },
  signing_key: {
    columns: "tenant t, kid t, use t, public_jwk t, private_sealed t, created_at i, retired_at i?",
    key: "tenant, kid",
    unique: ["tenant, use where retired_at is null"],
  },
  api_client: {
    columns: "tenant t, id t, name t, secret_hash t, permissions t, applications t?, created_at i",
    key: "tenant, id",
    unique: ["tenant, name"],
  },
  application: {
    columns: "tenant t, id t, roles t, master_public_key t, master_private_sealed t, min_version t, created_at i",
    key: "tenant, id",
  },
  application_version: {
    columns:
      "tenant t, application_id t, id t, application_key t, application_secret_sealed t, supported i, created_at i",
    key: "tenant, application_id, id",
    unique: ["tenant, application_key"],
    foreign: [application],
  },
  activation: {
    columns: `tenant t, id t, application_id t, user_id t, status t, blocked_reason t?, activation_code t?,
      commit_phase t, otp_validation t, otp_hash t?, name t?, platform t?, device_info t?, extras t?, external_id t?,
      additional_data t?, flags t, failed_attempts i, max_failed_attempts i, counter i, ctr_data t?,
      server_public_key t, server_private_sealed t, device_public_key t?, keys_sealed t?, version_floor t?,
      expires_at i, created_at i, changed_at i, last_used_at i`,
    key: "tenant, id",
    unique: ["tenant, activation_code where activation_code is not null"],
    index: [
      "user_id, tenant, status",
      "application_id, tenant",
      "external_id, tenant where external_id is not null",
      "tenant, expires_at where status in ('CREATED', 'PENDING_COMMIT')",
    ],
    foreign: [application],
    updated: true,
  },
  activation_history: {
    columns: "tenant t, id t, activation_id t, status t, reason t?, external_user_id t?, name t?, at i",
    key: "tenant, id",
    index: ["activation_id, tenant, at"],
    foreign: [activation],
  },
  temporary_key: {
    columns: `tenant t, id t, application_id t, application_key t, activation_id t?, private_sealed t, expires_at i`,
    key: "tenant, id",
    index: ["expires_at, tenant"],
  },
  token: {
    columns: "tenant t, id t, activation_id t, signature_type t, secret_sealed t, created_at i",
    key: "tenant, id",
    index: ["activation_id, tenant"],
    foreign: [activation],
  },
  replay: {
    columns: "tenant t, subject t, nonce t, expires_at i",
    key: "tenant, subject, nonce",
    index: ["expires_at, tenant"],
    clustered: true,
  },
  operation_template: {
    columns: `tenant t, id i, name t, operation_type t, data_template t, signature_types t, max_failure_count i,
      expiration_seconds i, risk_flags t?, proximity_check i`,
    key: "tenant, id",
    unique: ["tenant, name"],
  },
  operation: {
    columns: `tenant t, id t, user_id t?, external_id t?, activation_id t?, activation_flag t?, template_name t,
      operation_type t, data t, parameters t, additional_data t, applications t, signature_types t, status t,
      status_reason t?, failure_count i, max_failure_count i, risk_flags t?, created_at i, expires_at i,
      finalized_at i?`,
    key: "tenant, id",
    index: [
      // Deciding an operation leaves the second as it is and takes one entry out of the first.
      "user_id, tenant, expires_at where status = 'PENDING'",
      "user_id, tenant, created_at",
      "external_id, tenant where external_id is not null",
      "tenant, expires_at where status = 'PENDING'",
    ],
    updated: true,
  },
  operation_application: {
    columns: "tenant t, application_id t, operation_id t",
    key: "tenant, application_id, operation_id",
    index: ["operation_id, tenant"],
    clustered: true,
  },
  operation_attempt: {
    columns: "tenant t, id t, operation_id t, activation_id t?, action t, outcome t, at i",
    key: "tenant, operation_id, id",
    clustered: true,
  },
  decision: { columns: "tenant t, operation_id t, claims t, at i", key: "tenant, operation_id" },
  idempotency: {
    columns: "tenant t, client_id t, key t, request_digest t, operation_id t, expires_at i",
    key: "tenant, client_id, key",
    index: ["expires_at, tenant"],
    clustered: true,
  },
  audit_lane: {
    columns: "tenant t, id t, epoch i, purpose t, linked_to t, opened_at i, covered_seq i",
    key: "tenant, id",
    unique: ["tenant, epoch"],
  },
  audit_event: {
    columns: `tenant t, lane t, seq i, id t, type t, subject t, at i, salt t?, payload t?, payload_digest t,
      previous_hash t, hash t`,
    key: "tenant, lane, seq",
    index: ["subject, tenant, at"],
  },
  audit_checkpoint: { columns: "tenant t, seq i, statement t, hash t, at i", key: "tenant, seq" },
  sink: {
    columns: "tenant t, id t, application_id t, name t, url t, type t, attributes t, enabled i, created_at i",
    key: "tenant, id",
    unique: ["tenant, application_id, name"],
    foreign: [application],
  },
  outbox: {
    columns: "tenant t, id t, sink_id t, event t, state t, attempts i, due_at i, locked_until i",
    key: "tenant, id",
    index: ["due_at, tenant, id where state = 'PENDING'", "sink_id, tenant, state"],
    foreign: ["(tenant, sink_id) references sink (tenant, id) on delete cascade"],
    updated: true,
  },
};

export const initial: Migration = {
  name: "0001-initial",
  statements: (dialect) => createTables(dialect, tables),
};
