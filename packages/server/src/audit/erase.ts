/**
 * Takes a person out of the audit: payload and salt of every event about them go, the chain stays as it is. What is
 * left says that something happened, when, and to which id.
 */
import { sql } from "kysely";
import type { Deps } from "../deps.ts";

export interface Erasure {
  readonly userId: string;
  /** API client that asks, for the audit. */
  readonly clientId?: string | undefined;
}

const pageSize = 500;

/**
 * Erases events that name the user, and those about the user's activations and operations, page by page. Returns how
 * many this call erased. Events that are recorded while it runs stay. Writes `audit.erased`, without the user's id.
 */
export async function eraseFromAudit(
  deps: Pick<Deps, "store">,
  { userId, clientId }: Erasure,
): Promise<{ readonly erased: number }> {
  const { store } = deps;
  const own = await subjectsOf(deps, userId);
  let erased = 0;
  for (let after = { lane: "", seq: 0 }; ;) {
    const page = await pageOf(deps, userId, after);
    const wanted = page.filter(({ subject, named }) => Boolean(named) || own.has(subject));
    if (wanted.length > 0) {
      await store.transaction(async ({ db }) => {
        for (const { lane, seq } of wanted) {
          await db
            .updateTable("audit_event")
            .set({ payload: null, salt: null })
            .where("tenant", "=", store.tenant)
            .where("lane", "=", lane)
            .where("seq", "=", seq)
            .execute();
        }
      });
      erased += wanted.length;
    }
    const last = page.at(-1);
    if (last === undefined || page.length < pageSize) break;
    after = { lane: last.lane, seq: last.seq };
  }
  await store.transaction(async ({ record }) =>
    record({ type: "audit.erased", subject: "audit", applications: [], data: { events: erased, clientId } }),
  );
  return { erased };
}

interface Entry {
  readonly lane: string;
  readonly seq: number;
  readonly subject: string;
  /** Whether the payload names the user. */
  readonly named: boolean | number;
}

async function pageOf(
  { store }: Pick<Deps, "store">,
  userId: string,
  after: { readonly lane: string; readonly seq: number },
): Promise<readonly Entry[]> {
  const member = `"userId":${JSON.stringify(userId)}`;
  const position = sql.raw(store.dialect === "postgres" ? "strpos" : "instr");
  const { rows } = await sql<Entry>`
    select lane, seq, subject, ${position}(payload, ${member}) > 0 as named from audit_event
    where tenant = ${store.tenant} and (lane, seq) > (${after.lane}, ${after.seq}) and payload is not null
    order by lane, seq limit ${pageSize}`.execute(store.read);
  return rows;
}

async function subjectsOf({ store }: Pick<Deps, "store">, userId: string): Promise<ReadonlySet<string>> {
  const of = (table: "activation" | "operation") =>
    store.read
      .selectFrom(table)
      .select("id")
      .where("tenant", "=", store.tenant)
      .where("user_id", "=", userId)
      .execute();
  const rows = await Promise.all([of("activation"), of("operation")]);
  return new Set([userId, ...rows.flat().map(({ id }) => id)]);
}
