/** What the OpenID side needs. Frozen once released. */
import type { Migration } from "../migrate.ts";
import { addColumns, createTables, type Table } from "./table.ts";

export const tables: Readonly<Record<string, Table>> = {
  oidc_client: {
    columns: "tenant t, id t, name t, metadata t, secret_sealed t?, sink_id t?, created_at i, changed_at i",
    key: "tenant, id",
    unique: ["tenant, name"],
  },
  oidc_record: {
    columns: "tenant t, model t, id t, payload_sealed t, grant_id t?, uid t?, final i, consumed_at i?, expires_at i",
    key: "tenant, model, id",
    index: ["grant_id, tenant where grant_id is not null", "uid, tenant where uid is not null", "expires_at, tenant"],
  },
  user_code: {
    columns: "tenant t, user_id t, code_sealed t, changed_at i",
    key: "tenant, user_id",
  },
  user_code_try: {
    columns: "tenant t, user_id t, client_id t, tries i, since i",
    key: "tenant, user_id, client_id",
  },
  authorization_type: {
    columns: "tenant t, type t, template t, schema t, parameters t, updated_at i",
    key: "tenant, type",
  },
};

const columns = { operation: "backchannel_id t?, backchannel_sink t?" };

export const oidc: Migration = {
  name: "0004-oidc",
  statements: (dialect) => [
    ...createTables(dialect, tables),
    ...addColumns(dialect, columns),
    `create unique index "operation_of_backchannel" on "operation" ("tenant", "backchannel_id") where backchannel_id is not null`,
  ],
};
