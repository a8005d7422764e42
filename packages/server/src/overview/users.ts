/** Users as the server knows them: by their devices. In order of their ids, page by page. */
import { sql } from "kysely";
import type { Deps } from "../deps.ts";
import { isOneOf } from "../lists/newest-page.ts";

export interface UserSearch {
  /** What the id begins with. */
  readonly prefix?: string | undefined;
  /** With a device of at least one of these; undefined for every application. */
  readonly applications?: readonly string[] | undefined;
  /** Id of the last user of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
}

export interface UserSummary {
  readonly userId: string;
  readonly active: number;
  readonly blocked: number;
  /** Removed, expired, or not finished. */
  readonly others: number;
  /** Epoch ms. */
  readonly lastUsedAt: number;
}

export async function searchUsers(
  deps: Pick<Deps, "store">,
  { prefix, applications, after, limit }: UserSearch,
): Promise<{ readonly rows: readonly UserSummary[]; readonly next?: string }> {
  const { read, tenant } = deps.store;
  const conditions = [
    sql`tenant = ${tenant}`,
    ...(after === undefined ? [] : [sql`user_id > ${after}`]),
    // Ids compare by bytes: nothing that begins with the prefix comes after this.
    ...(prefix === undefined ? [] : [sql`user_id >= ${prefix}`, sql`user_id < ${`${prefix}\u{10ffff}`}`]),
    ...(applications === undefined ? [] : [isOneOf("application_id", applications)]),
  ];
  const count = (condition: string) =>
    sql<number>`cast(sum(case when ${sql.raw(condition)} then 1 else 0 end) as integer)`;
  const { rows } = await sql<UserSummary>`select user_id as "userId",
      ${count("status = 'ACTIVE'")} as "active", ${count("status = 'BLOCKED'")} as "blocked",
      ${count("status not in ('ACTIVE', 'BLOCKED')")} as "others", max(last_used_at) as "lastUsedAt"
    from activation where ${sql.join(conditions, sql` and `)}
    group by user_id order by user_id limit ${limit + 1}`.execute(read);
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return { rows: rows.slice(0, limit), ...(last !== undefined && { next: last.userId }) };
}
