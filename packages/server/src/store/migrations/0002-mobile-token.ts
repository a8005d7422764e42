/** What the whole Mobile Token world needs beside the first tables. Frozen once released. */
import type { Migration } from "../migrate.ts";
import { addColumns, addIndexes, createTables, type Table } from "./table.ts";

const application = "(tenant, application_id) references application (tenant, id)";
const activation = "(tenant, activation_id) references activation (tenant, id)";
const operation = "(tenant, operation_id) references operation (tenant, id)";

export const tables: Readonly<Record<string, Table>> = {
  display_template: {
    columns:
      "tenant t, operation_type t, language t, title t, message t, result_texts t?, attributes t, ui t?, updated_at i",
    key: "tenant, operation_type, language",
  },
  application_config: {
    columns: "tenant t, id t, application_id t, key t, values_sealed t, updated_at i",
    key: "tenant, id",
    unique: ["tenant, application_id, key"],
    foreign: [application],
  },
  offline_challenge: {
    columns: "tenant t, operation_id t, activation_id t, nonce t, language t, created_at i",
    key: "tenant, operation_id, activation_id",
    foreign: [operation, activation],
    clustered: true,
  },
  push_gateway: {
    columns: "tenant t, id t, application_id t, platform t, settings_sealed t, updated_at i",
    key: "tenant, id",
    unique: ["tenant, application_id, platform"],
    foreign: [application],
  },
  push_setting: {
    columns: "tenant t, application_id t, texts t, finished i, updated_at i",
    key: "tenant, application_id",
    foreign: [application],
  },
  push_device: {
    columns: `tenant t, activation_id t, application_id t, user_id t, platform t, environment t?, language t,
      token_sealed t, token_hash t, registered_at i`,
    key: "tenant, activation_id",
    unique: ["tenant, application_id, token_hash"],
    index: ["user_id, tenant, application_id"],
    foreign: [activation],
  },
  inbox_message: {
    columns: "tenant t, id t, user_id t, type t, texts t, created_at i, read_at i?",
    key: "tenant, id",
    index: ["user_id, tenant, created_at, id"],
  },
  inbox_message_application: {
    columns: "tenant t, application_id t, message_id t",
    key: "tenant, application_id, message_id",
    index: ["message_id, tenant"],
    foreign: ["(tenant, message_id) references inbox_message (tenant, id) on delete cascade"],
    clustered: true,
  },
};

export const columns = {
  operation: "proximity_seed_sealed t?",
  activation: "parent_activation_id t?, transfer_type t?",
  sink: `authentication_sealed t?, signing_secret_sealed t?, max_attempts i?, initial_backoff_ms i?,
    retention_seconds i?`,
  outbox: "last_failure t?, settled_at i?",
};

/** Lists that name no user come newest first; new rows are all put at the one end. */
const indexes = {
  operation_by_time: ["operation", "created_at, id, tenant"],
  activation_by_time: ["activation", "created_at, id, tenant"],
  audit_event_by_time: ["audit_event", "at, id, tenant"],
} as const;

/** Delivery looks for work sink by sink, lists what a sink got, and forgets what is settled. */
const outboxIndexes = [
  'drop index "outbox_index_1"',
  'drop index "outbox_index_2"',
  `create index "outbox_due" on "outbox" ("sink_id", "tenant", "due_at", "id") where state = 'PENDING'`,
  'create index "outbox_of_sink" on "outbox" ("sink_id", "tenant", "id")',
  'create index "outbox_settled" on "outbox" ("settled_at", "tenant") where settled_at is not null',
];

export const mobileToken: Migration = {
  name: "0002-mobile-token",
  statements: (dialect) => [
    ...createTables(dialect, tables),
    ...addColumns(dialect, columns),
    ...addIndexes(indexes),
    ...outboxIndexes,
  ],
};
