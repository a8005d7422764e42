/**
 * What wrong passwords cost (APV-LOCK-3): an attempt is written down before it is made, so that killing the process in
 * between makes it no cheaper. Functions of the written state and the clock alone.
 */
import type { LockRecord } from "@countersign/protocol/approve/policy";
import { VaultError } from "../key-vault.ts";
import type { LockState } from "./record.ts";

export const noFailures: LockState = { failures: 0, at: 0 };

/** `write` is to be durable before the password is tried; undefined where nothing is counted. */
export type Attempt =
  | { readonly allowed: true; readonly write: LockState | undefined }
  | { readonly allowed: false; readonly write: LockState | undefined; readonly error: VaultError };

export function attempt(lock: LockRecord, state: LockState, now: number): Attempt {
  if (lock.type === "counter") {
    if (isSpent(lock, state)) return { allowed: false, write: undefined, error: lockedForGood() };
    return { allowed: true, write: { failures: state.failures + 1, at: now } };
  }
  if (lock.type !== "delay") return { allowed: true, write: undefined };
  const wait = state.failures === 0 ? 0 : waitAfter(lock, state.failures);
  // A clock that was set back starts the wait again: nobody waits less for turning it.
  const from = Math.min(state.at, now);
  const write = from === state.at ? undefined : { ...state, at: from };
  if (wait > 0 && now < from + wait) return { allowed: false, write, error: lockedUntil(from + wait) };
  return { allowed: true, write: { failures: state.failures + 1, at: now } };
}

/** A counter lock after its last attempt: nothing opens any more. */
export function isSpent(lock: LockRecord, { failures }: LockState): boolean {
  return lock.type === "counter" && failures >= (lock.counter ?? 1);
}

/** Milliseconds: the delay after the first failure, doubled by each further one until the exponent is `counter`. */
function waitAfter({ delay = 0, counter = 0 }: LockRecord, failures: number): number {
  return delay * 1000 * 2 ** Math.min(failures - 1, counter);
}

/** Undefined when the lock says what it needs. */
export function lockDefect({ type, delay = -1, counter = -1 }: LockRecord): string | undefined {
  if (type === "counter" && counter < 1) return "A counter lock needs the number of failures";
  if (type === "delay" && (delay < 0 || counter < 0)) return "A delay lock needs a delay and an exponent";
  return undefined;
}

function lockedForGood(): VaultError {
  return new VaultError("locked", "Too many wrong passwords: the keys were destroyed");
}

function lockedUntil(retryAt: number): VaultError {
  return new VaultError("locked", "A wrong password was entered too short a time ago", { retryAt });
}
