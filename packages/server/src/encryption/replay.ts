/** What was used once: kept until its signed time is too old to be accepted anyway. */
import type { Deps } from "../deps.ts";
import type { Change, Claim } from "../store/store.ts";

/** How old and how far ahead a signed time may be, ms. */
export interface TimeWindow {
  readonly age: number;
  readonly skew: number;
}

/** Both directions; the last instant of either still counts. */
export function isWithin(window: TimeWindow, signedAt: number, now: number): boolean {
  return now - signedAt <= window.age && signedAt - now <= window.skew;
}

/** `subject` is the id of the token or key that the nonce belongs to. */
export function replayClaim(
  tenant: string,
  subject: string,
  nonce: string,
  signedAt: number,
  window: TimeWindow,
): Claim {
  return { table: "replay", row: { tenant, subject, nonce, expires_at: signedAt + window.age + window.skew } };
}

/** Makes claims within an ordinary change. False when one of them was made before. */
export async function claimIn(change: Change, claims: readonly Claim[]): Promise<boolean> {
  for (const claim of claims) {
    if (claim.table !== "replay") throw new TypeError("Only what is sent by devices is claimed here");
    const { numInsertedOrUpdatedRows } = await change.db
      .insertInto("replay")
      .values(claim.row)
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirstOrThrow();
    if (numInsertedOrUpdatedRows === 0n) return false;
  }
  return true;
}

const batch = 2000;
const mostBatches = 25;

/** Forgets what cannot come again, oldest first: in short transactions, so that nobody waits long for the store. */
export async function sweepReplays(deps: Pick<Deps, "store">): Promise<void> {
  for (let done = 0; done < mostBatches; done++) {
    if ((await forgetBatch(deps)) < batch) return;
  }
}

function forgetBatch({ store }: Pick<Deps, "store">): Promise<number> {
  return store.transaction(async (change) => {
    const due = change.db
      .selectFrom("replay")
      .select(["subject", "nonce"])
      .where("tenant", "=", store.tenant)
      .where("expires_at", "<", change.now)
      .orderBy("expires_at")
      .limit(batch);
    const { numDeletedRows } = await change.db
      .deleteFrom("replay")
      .where("tenant", "=", store.tenant)
      .where((e) => e(e.refTuple("subject", "nonce"), "in", due.$asTuple("subject", "nonce")))
      .executeTakeFirstOrThrow();
    return Number(numDeletedRows);
  });
}
