/** An empty database for each run: nothing to do for the embedded store, one of its own on PostgreSQL. */
import { notFound, type Postgres, startPostgres } from "../../tools/postgres.ts";
import type { Outcome } from "./campaign.ts";
import type { StoreName } from "./fleet.ts";

let shared: Promise<Postgres | undefined> | undefined;

/** The server of this process, started when it is first needed. */
export function sharedPostgres(): Promise<Postgres | undefined> {
  shared ??= startPostgres();
  return shared;
}

export async function stopPostgres(): Promise<void> {
  const running = shared;
  shared = undefined;
  await (await running)?.remove();
}

/** Without PostgreSQL none of the `n` is run, and a note says so. */
export async function withDatabase(
  store: StoreName,
  n: number,
  work: (database: string | undefined) => Promise<Outcome>,
): Promise<Outcome> {
  if (store === "sqlite") return work(undefined);
  const postgres = await sharedPostgres();
  if (postgres === undefined) return { passed: 0, violations: [], notes: [notFound(n)] };
  const database = await postgres.createDatabase();
  try {
    return await work(database.url);
  } finally {
    await database.drop();
  }
}
