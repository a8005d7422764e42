/**
 * Limits against prompt fatigue: how much of a user waits, and how the last transactions ended. Counted from the
 * operations themselves, so that no counter can be wrong.
 */
import { sql } from "kysely";
import type { Deps } from "../../deps.ts";
import { applicationsOf, statusAt } from "../../operations/operation.ts";
import type { OperationRow } from "../../store/store.ts";
import type { Countermeasures } from "../device-types/device-type.ts";
import type { Cause } from "./suspension.ts";

export interface Whose {
  readonly userId: string;
  /** With an Approve device type; operations of others do not count. */
  readonly applications: readonly string[];
}

export type Limits = Omit<Countermeasures, "disableThreshold">;

/** Of several device types the strictest of each; undefined where there is none. */
export function strictest(all: readonly Countermeasures[]): Limits | undefined {
  const [first, ...rest] = all;
  return (
    first &&
    rest.reduce<Limits>(
      (a, b) => ({
        disabledTimeReset:
          a.disabledTimeReset < 0 || b.disabledTimeReset < 0 ? -1 : Math.max(a.disabledTimeReset, b.disabledTimeReset),
        challengeTimeoutPeriod: lower(a.challengeTimeoutPeriod, b.challengeTimeoutPeriod),
        challengeDisableThreshold: lower(a.challengeDisableThreshold, b.challengeDisableThreshold),
        mostOutstanding: Math.min(a.mostOutstanding, b.mostOutstanding),
        deniedThreshold: lower(a.deniedThreshold, b.deniedThreshold),
      }),
      first,
    )
  );
}

/** -1 is no limit, and so is 0. */
function lower(a: number, b: number): number {
  const limits = [a, b].filter((one) => one > 0);
  return limits.length === 0 ? -1 : Math.min(...limits);
}

type Ended = Pick<OperationRow, "status" | "expires_at">;

export interface Course {
  readonly unanswered: number;
  readonly denied: number;
  readonly approved: boolean;
}

/** Newest first. Cancelled and pending ones say nothing. */
function courseOf(newestFirst: readonly Ended[], now: number): Course {
  const ends = newestFirst.map((row) => statusAt(row, now)).filter((end) => end !== "PENDING" && end !== "CANCELED");
  const answered = ends.findIndex((end) => end !== "EXPIRED");
  const approved = ends.indexOf("APPROVED");
  return {
    unanswered: answered < 0 ? ends.length : answered,
    denied: (approved < 0 ? ends : ends.slice(0, approved)).filter((end) => end === "REJECTED").length,
    approved: approved >= 0,
  };
}

export type Verdict = "loud" | "quiet" | Exclude<Cause, "report">;

/** At half of a threshold devices are told without a sound; at the threshold the user is suspended. */
export function verdictOn({ unanswered, denied }: Course, limits: Limits): Verdict {
  const { challengeDisableThreshold, deniedThreshold } = limits;
  if (reaches(unanswered, challengeDisableThreshold)) return "unanswered";
  if (reaches(denied, deniedThreshold)) return "denied";
  const half = reaches(2 * unanswered, challengeDisableThreshold) || reaches(2 * denied, deniedThreshold);
  return half ? "quiet" : "loud";
}

function reaches(count: number, threshold: number): boolean {
  return threshold > 0 && count >= threshold;
}

const longest = 86_400;

/** Seconds of the n-th suspension in a row: each is twice as long as the one before, up to a day. */
export function suspensionSeconds(disabledTimeReset: number, n: number): number {
  if (disabledTimeReset < 0) return -1;
  return Math.min(Math.max(longest, disabledTimeReset), disabledTimeReset * 2 ** (n - 1));
}

/** How the user's transactions ended that were created after `since`, epoch ms. */
export async function courseSince(
  { store }: Pick<Deps, "store">,
  { userId, applications }: Whose,
  limits: Limits,
  since: number,
  now: number,
): Promise<Course> {
  const looked = 4 * Math.max(8, limits.challengeDisableThreshold, limits.deniedThreshold) + limits.mostOutstanding;
  const rows = await store.read
    .selectFrom("operation")
    .select(["status", "expires_at", "applications"])
    .where("tenant", "=", store.tenant)
    .where("user_id", "=", userId)
    .where("created_at", ">", since)
    .orderBy("created_at", "desc")
    .limit(Math.min(looked, 4000))
    .execute();
  return courseOf(rows.filter(isOfOne(applications)), now);
}

/** What waits, oldest first. */
export async function outstanding(
  { store }: Pick<Deps, "store">,
  { userId, applications }: Whose,
  now: number,
): Promise<readonly { readonly id: string }[]> {
  const rows = await store.read
    .selectFrom("operation")
    .select(["id", "created_at", "applications"])
    .where("tenant", "=", store.tenant)
    .where("user_id", "=", userId)
    .where("status", "=", sql.lit<"PENDING">("PENDING"))
    .where("expires_at", ">", now)
    .limit(2000)
    .execute();
  return rows.filter(isOfOne(applications)).sort((a, b) => a.created_at - b.created_at || (a.id < b.id ? -1 : 1));
}

function isOfOne(applications: readonly string[]) {
  return (row: Pick<OperationRow, "applications">) => applicationsOf(row).some((id) => applications.includes(id));
}
