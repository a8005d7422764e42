/** The user code of a CIBA request: asked of clients that registered for it, wherever the user has one. */
import { type Client, errors } from "oidc-provider";
import type { Deps } from "../../deps.ts";
import { findUserCode, isUserCode } from "./code.ts";

const most = 5;
const windowMs = 900_000;

/**
 * Throws what the client is answered. Guesses are counted for this client and user before they are looked at, so that
 * many at once are no more than one after the other; after five the right one is refused, too, for a quarter of an hour.
 */
export async function verifyUserCode(
  deps: Pick<Deps, "store" | "secrets">,
  client: Client,
  userId: string,
  userCode: unknown,
): Promise<void> {
  if (client.backchannelUserCodeParameter !== true) return;
  const kept = await findUserCode(deps, userId);
  const given = typeof userCode === "string" && userCode !== "" ? userCode : undefined;
  if (kept === undefined && given === undefined) return;
  if (given === undefined) throw new errors.MissingUserCode("this user has a code");
  if (kept === undefined || (await tries(deps, client.clientId, userId)) > most || !(await isUserCode(kept, given))) {
    throw new errors.InvalidUserCode("wrong, or too many were");
  }
  await deps.store.transaction(({ db }) =>
    db
      .deleteFrom("user_code_try")
      .where("tenant", "=", deps.store.tenant)
      .where("user_id", "=", userId)
      .where("client_id", "=", client.clientId)
      .execute(),
  );
}

/** With this one. */
async function tries({ store }: Pick<Deps, "store">, clientId: string, userId: string): Promise<number> {
  return store.transaction(async ({ db, now }) => {
    const row = await db
      .insertInto("user_code_try")
      .values({ tenant: store.tenant, user_id: userId, client_id: clientId, tries: 1, since: now })
      .onConflict((conflict) =>
        conflict.columns(["tenant", "user_id", "client_id"]).doUpdateSet((eb) => {
          const over = eb("user_code_try.since", "<=", now - windowMs);
          return {
            tries: eb
              .case()
              .when(over)
              .then(1)
              .else(eb("user_code_try.tries", "+", 1))
              .end(),
            since: eb.case().when(over).then(now).else(eb.ref("user_code_try.since")).end(),
          };
        }),
      )
      .returning("tries")
      .executeTakeFirstOrThrow();
    return row.tries;
  });
}
