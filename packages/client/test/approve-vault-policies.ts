/** Policies for tests of the vault, in Node and in a browser. */
import {
  passwordRules,
  type LockRecord,
  type PasswordRules,
  type PolicyRecord,
} from "@countersign/protocol/approve/policy";

export const day = 86_400_000;
export const noLock: LockRecord = { type: "none" };
export const silentLock: LockRecord = { type: "silent" };
export const devicePolicy: PolicyRecord = { type: "DEVICE", lock: noLock };

export function passwordPolicy(lock: LockRecord, rules: Partial<PasswordRules> = {}): PolicyRecord {
  return { type: "PASSWORD", password: { ...passwordRules, ...rules }, lock };
}

export function bioPolicy(lock: LockRecord = noLock, rules: Partial<PasswordRules> = {}): PolicyRecord {
  return { ...passwordPolicy(lock, rules), type: "BIOPASSWORD" };
}
