/** Sessions of the operator console. Frozen once released. */
import type { Migration } from "../migrate.ts";
import { createTables, type Table } from "./table.ts";

export const tables: Readonly<Record<string, Table>> = {
  console_session: {
    columns: "tenant t, id t, client_id t, created_at i, expires_at i",
    key: "tenant, id",
    index: ["expires_at, tenant"],
    foreign: ["(tenant, client_id) references api_client (tenant, id) on delete cascade"],
  },
};

export const operatorConsole: Migration = {
  name: "0005-console",
  statements: (dialect) => createTables(dialect, tables),
};
