/** What the Approve world needs beside the tables of both. Frozen once released. */
import type { Migration } from "../migrate.ts";
import { addColumns, createTables, type Table } from "./table.ts";

const activation = "(tenant, activation_id) references activation (tenant, id)";
const operation = "(tenant, operation_id) references operation (tenant, id)";

export const tables: Readonly<Record<string, Table>> = {
  device_type: {
    columns: `tenant t, id t, application_id t, max_devices i, rules t, policies t, key_days i, countermeasures t,
      features t, default_client t?, otp t, updated_at i`,
    key: "tenant, id",
    foreign: ["(tenant, application_id) references application (tenant, id)"],
  },
  enrol_offer: {
    columns: `tenant t, id t, device_type t, user_id t, code_hash t, invite_hash t?, request_digest t?, activation_id t?,
      created_at i, expires_at i`,
    key: "tenant, id",
    unique: ["tenant, code_hash", "tenant, user_id, invite_hash where invite_hash is not null"],
    index: ["user_id, tenant, created_at"],
    foreign: ["(tenant, device_type) references device_type (tenant, id)"],
  },
  container: {
    columns: `tenant t, activation_id t, device_type t, policies t, info t, transcript t, renewal t?, renew_before i?,
      deletion_reason t?`,
    key: "tenant, activation_id",
    foreign: [activation, "(tenant, device_type) references device_type (tenant, id)"],
  },
  container_key: {
    columns: "tenant t, activation_id t, kid t, use t, public_jwk t, policy t, state t, created_at i, expires_at i?",
    key: "tenant, activation_id, kid",
    foreign: [activation],
  },
  issued_transaction: {
    columns:
      "tenant t, operation_id t, activation_id t, nonce t, message_sealed t, shown_digest t, language t, issued_at i",
    key: "tenant, operation_id, activation_id",
    foreign: [operation, activation],
  },
  answered_transaction: {
    columns: "tenant t, operation_id t, activation_id t, message_digest t, outcome t, at i",
    key: "tenant, operation_id, message_digest",
    foreign: [operation, activation],
    clustered: true,
  },
  direct_request: {
    columns: "tenant t, id t, operation_id t, client_id t, message_digest t, expires_at i, redeemed_at i?",
    key: "tenant, id",
    unique: ["tenant, message_digest"],
    index: ["expires_at, tenant"],
    foreign: [operation],
  },
  user_approval: {
    columns:
      "tenant t, user_id t, application_id t?, suspended_until i?, suspended_for t?, suspensions i, changed_at i",
    key: "tenant, user_id",
  },
  otp_secret: {
    columns: `tenant t, activation_id t, label t, type t, secret_sealed t, digits i, algorithm t, period i?, suite t?,
      challenge t?, challenge_expires_at i?, counter i, failed_attempts i, max_failed_attempts i`,
    key: "tenant, activation_id, label",
    foreign: [activation],
  },
};

const columns = {
  signing_key: "statement t?",
  activation: "protocol t=powerauth",
  operation: "approval t?",
  operation_template: "approval t?",
};

export const approve: Migration = {
  name: "0003-approve",
  statements: (dialect) => [...createTables(dialect, tables), ...addColumns(dialect, columns)],
};
