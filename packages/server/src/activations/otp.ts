/**
 * The additional one-time password of an activation: its hash, its check and its replacement.
 *
 * A wrong one is counted by a single update that also removes the activation at the limit, so that parallel guesses
 * never get more answers than the limit allows.
 */
import { argon2, timingSafeEqual } from "node:crypto";
import type { RandomBytes } from "@countersign/protocol/bytes";
import { sql } from "kysely";
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";
import type { ActivationStatus } from "../store/schema.ts";
import type { ActivationRow, Change } from "../store/store.ts";
import { activationEvent, askedBy, moveActivation, writeHistory } from "./activation.ts";

// RFC 9106, Argon2id; 19 MiB and two passes are the smallest setting that OWASP's password cheat sheet recommends.
const memory = 19_456;
const passes = 2;
const tagLength = 32;

/** A PHC string: `$argon2id$v=19$m=…,t=…,p=1$salt$tag`. */
export async function hashOtp(random: RandomBytes, otp: string): Promise<string> {
  const salt = random(16);
  const like = { algorithm: "argon2id", memory, passes, parallelism: 1, salt, tag: new Uint8Array(tagLength) } as const;
  const tag = await tagOf(otp, like);
  return `$argon2id$v=19$m=${memory},t=${passes},p=1$${base64(salt)}$${base64(tag)}`;
}

/** Constant time in the password; also for Argon2i, which imported hashes are of. Throws when the text is no hash. */
export async function isOtp(stored: string, otp: string): Promise<boolean> {
  const read = readHash(stored);
  if (read === undefined) throw new Error("Stored one-time password is not a hash");
  const computed = await tagOf(otp, read);
  return computed.length === read.tag.length && timingSafeEqual(computed, read.tag);
}

/** Whether `isOtp` can check against this text. */
export function isOtpHash(stored: string): boolean {
  return readHash(stored) !== undefined;
}

interface OtpHash {
  readonly algorithm: "argon2id" | "argon2i";
  /** KiB. */
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly salt: Uint8Array;
  readonly tag: Uint8Array;
}

function readHash(stored: string): OtpHash | undefined {
  const [, algorithm, m, t, p, salt = "", tag = ""] =
    /^\$(argon2id?)\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,})={0,2}\$([A-Za-z0-9+/]{16,})={0,2}$/.exec(
      stored,
    ) ?? [];
  if (algorithm === undefined) return undefined;
  return {
    algorithm: algorithm as OtpHash["algorithm"],
    memory: Number(m),
    passes: Number(t),
    parallelism: Number(p),
    salt: Buffer.from(salt, "base64"),
    tag: Buffer.from(tag, "base64"),
  };
}

export type OtpPhase = "ON_KEY_EXCHANGE" | "ON_COMMIT";

/**
 * What an activation asks for in this phase, against what came. `right` also when nothing is asked and nothing came.
 * `unexpected` (given in the wrong phase, or missing in the right one) is not counted; `wrong` is.
 */
export async function checkOtp(
  activation: Pick<ActivationRow, "otp_validation" | "otp_hash">,
  phase: OtpPhase,
  otp: string | undefined,
): Promise<"right" | "wrong" | "unexpected"> {
  const asked = activation.otp_validation === phase && activation.otp_hash !== null;
  if (!asked) return otp === undefined || otp === "" ? "right" : "unexpected";
  if (otp === undefined || otp === "") return "unexpected";
  return (await isOtp(activation.otp_hash as string, otp)) ? "right" : "wrong";
}

/**
 * Counts one wrong password, durably, before anybody learns that it was wrong. Always `otp-wrong`, unless the
 * activation or its password changed meanwhile: then nothing is counted and nothing is said about the guess.
 */
export async function countWrongOtp(
  deps: Pick<Deps, "random" | "store">,
  change: Change,
  activation: ActivationRow,
  asked: { readonly externalUserId?: string | undefined; readonly clientId?: string | undefined } = {},
): Promise<Refusal> {
  const counted = await change.db
    .updateTable("activation")
    .set({ failed_attempts: sql<number>`failed_attempts + 1`, changed_at: change.now })
    .where("tenant", "=", deps.store.tenant)
    .where("id", "=", activation.id)
    .where("status", "=", activation.status)
    .where("otp_hash", "=", activation.otp_hash)
    .where("expires_at", ">", change.now)
    .returningAll()
    .executeTakeFirst();
  if (counted === undefined) return refuse(lostRace(activation.status));
  if (counted.failed_attempts >= counted.max_failed_attempts) {
    const reason = "OTP_MAX_FAILED_ATTEMPTS";
    await moveActivation(deps, change, "use-up-otp", { activationId: activation.id, ...asked, reason });
  } else {
    const reason = "OTP_FAILED_ATTEMPT";
    await writeHistory(deps, change, counted, { ...asked, reason });
    change.record(activationEvent("activation.otp.failed", counted, askedBy({ ...asked, reason })));
  }
  return refuse("otp-wrong");
}

function lostRace(seen: ActivationStatus): "activation-expired" | "activation-state" {
  return seen === "CREATED" ? "activation-expired" : "activation-state";
}

export interface OtpUpdate {
  readonly activationId: string;
  readonly otp: string;
  readonly externalUserId?: string | undefined;
  readonly clientId?: string | undefined;
}

/**
 * Sets or replaces the password of an activation that waits for its commit. Tries are not given back. Refuses
 * `invalid-request`, `activation-not-found`, `activation-expired`, `activation-state` and `otp-mode`.
 */
export async function updateOtp(
  deps: Pick<Deps, "random" | "store">,
  input: OtpUpdate,
): Promise<{ activationId: string; updated: true } | Refusal> {
  const { activationId, otp } = input;
  if (otp === "") return refuse("invalid-request", "activationOtp - empty");
  const activation = await deps.store.findActivation(activationId);
  if (activation === undefined) return refuse("activation-not-found");
  if (activation.commit_phase === "ON_KEY_EXCHANGE") return refuse("otp-mode");
  if (activation.status !== "PENDING_COMMIT") return refuse("activation-state");
  const hash = await hashOtp(deps.random, otp);
  return deps.store.transaction(async (change) => {
    const updated = await change.db
      .updateTable("activation")
      .set({ otp_hash: hash, otp_validation: "ON_COMMIT", changed_at: change.now })
      .where("tenant", "=", deps.store.tenant)
      .where("id", "=", activationId)
      .where("status", "=", "PENDING_COMMIT")
      .where("expires_at", ">", change.now)
      .returningAll()
      .executeTakeFirst();
    if (updated === undefined) {
      return refuse(change.now >= activation.expires_at ? "activation-expired" : "activation-state");
    }
    const reason = "OTP_VALUE_UPDATE";
    await writeHistory(deps, change, updated, { ...input, reason });
    change.record(activationEvent("activation.otp.changed", updated, askedBy({ ...input, reason })));
    return { activationId, updated: true };
  });
}

function tagOf(otp: string, { algorithm, salt, tag, ...cost }: OtpHash): Promise<Uint8Array> {
  const parameters = { message: otp, nonce: salt, tagLength: tag.length, ...cost };
  return new Promise((resolve, reject) => {
    argon2(algorithm, parameters, (error, made) => (error === null ? resolve(made) : reject(error)));
  });
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replace(/=+$/, "");
}
