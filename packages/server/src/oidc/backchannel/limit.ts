/**
 * How often relying parties together may call on one person: a request is a message on a telephone, and who gets enough
 * of them approves one to be left alone (push bombing). Holds for each node by itself where several start at one instant.
 */
import { sql } from "kysely";
import type { Deps } from "../../deps.ts";
import { type Refusal, refuse } from "../../errors.ts";
import { builtOnce } from "../../lists/built-once.ts";

const minute = 60_000;

type Asked = { readonly tenant: string; readonly userId: string; readonly since: number; readonly now: number };

/** Newest first would not do: what waits may be old. Both parts are few rows of one user. */
const startedQuery = builtOnce<Asked, { readonly id: string }>((db, mark) =>
  db
    .selectFrom("operation")
    .select("id")
    .where("tenant", "=", mark("tenant"))
    .where("user_id", "=", mark("userId"))
    .where("created_at", ">", mark("since"))
    .where("backchannel_id", "is not", null)
    .union((one) =>
      one
        .selectFrom("operation")
        .select("id")
        .where("tenant", "=", mark("tenant"))
        .where("user_id", "=", mark("userId"))
        .where("status", "=", sql.lit<"PENDING">("PENDING"))
        .where("expires_at", ">", mark("now"))
        .where("backchannel_id", "is not", null),
    ),
);

/** Runs `start`; refuses `too-many-pending` where as many wait for this user, or were started within a minute, as may. */
export async function withinLimit<T>(
  { store, config, inFlight }: Pick<Deps, "store" | "config" | "inFlight">,
  { userId, now }: { readonly userId: string; readonly now: number },
  start: () => Promise<T>,
): Promise<T | Refusal> {
  return inFlight.run(`backchannel ${userId}`, async () => {
    const asked = await startedQuery(store, { tenant: store.tenant, userId, since: now - minute, now });
    if (asked.length >= config.backchannelPerUser) return refuse("too-many-pending");
    return start();
  });
}
