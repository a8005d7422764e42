/** Brings the tables to the version this code was written for: each migration once, each in its own transaction. */
import { type Kysely, sql } from "kysely";
import { StoreError } from "./errors.ts";
import { initial } from "./migrations/0001-initial.ts";
import { approve } from "./migrations/0003-approve.ts";
import { oidc } from "./migrations/0004-oidc.ts";
import { operatorConsole } from "./migrations/0005-console.ts";
import { operators } from "./migrations/0006-operators.ts";
import { mobileToken } from "./migrations/0002-mobile-token.ts";
import type { Schema } from "./schema.ts";

export interface Migration {
  readonly name: string;
  statements(dialect: "sqlite" | "postgres"): string[];
}

/** In order; a released entry never changes. */
const migrations: readonly Migration[] = [initial, mobileToken, approve, oidc, operatorConsole, operators];

/** The caller holds the lock that keeps other nodes out. */
export async function migrate(db: Kysely<Schema>, dialect: "sqlite" | "postgres"): Promise<void> {
  await sql`create table if not exists migration (name text primary key)`.execute(db);
  const { rows } = await sql<{ name: string }>`select name from migration`.execute(db);
  const applied = new Set(rows.map((row) => row.name));
  const known = new Set(migrations.map((migration) => migration.name));
  if ([...applied].some((name) => !known.has(name))) {
    throw new StoreError("SCHEMA_NEWER", "The tables were made by a newer version of Countersign; use that version.");
  }
  for (const migration of migrations) {
    if (applied.has(migration.name)) continue;
    await db.transaction().execute(async (change) => {
      for (const statement of migration.statements(dialect)) await sql.raw(statement).execute(change);
      await sql`insert into migration (name) values (${migration.name})`.execute(change);
    });
  }
}
