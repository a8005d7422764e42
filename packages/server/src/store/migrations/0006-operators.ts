/**
 * Sessions of the operator console for people who log in by OpenID Connect, and sessions that end when they are not used.
 * Those that there were are over: operators sign in again. Frozen once released.
 */
import type { Migration } from "../migrate.ts";
import { createTables, type Table } from "./table.ts";

export const tables: Readonly<Record<string, Table>> = {
  console_session: {
    columns: "tenant t, id t, client_id t?, operator t?, created_at i, used_at i, expires_at i",
    key: "tenant, id",
    index: ["expires_at, tenant"],
    foreign: ["(tenant, client_id) references api_client (tenant, id) on delete cascade"],
  },
  console_log_in: {
    columns: "tenant t, id t, expires_at i",
    key: "tenant, id",
    index: ["expires_at, tenant"],
  },
};

export const operators: Migration = {
  name: "0006-operators",
  statements: (dialect) => ['drop table "console_session"', ...createTables(dialect, tables)],
};
