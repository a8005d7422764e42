/** How keys are protected: nothing but the device, a password, or a password and biometry. */
import type { Bytes } from "@countersign/protocol/bytes";
import type { PolicyType } from "@countersign/protocol/approve/policy";
import type { BiometryPrompt } from "../../engine/biometry.ts";
import type { ProtectedPolicy } from "../../engine/approve/key-vault.ts";
import { type LockPolicy, lockPolicyOf } from "./LockPolicy.ts";

export class ProtectionPolicy {
  /** What `getType` answers. */
  static readonly PolicyType = { DEVICE: "DEVICE", PASSWORD: "PASSWORD", BIOPASSWORD: "BIOPASSWORD" } as const;

  readonly type: PolicyType;
  readonly id: string;
  readonly lockPolicy: LockPolicy;

  constructor({ id, record }: ProtectedPolicy) {
    this.type = record.type;
    this.id = id;
    this.lockPolicy = lockPolicyOf(record.lock);
  }

  getType(): PolicyType {
    return this.type;
  }
  getId(): string {
    return this.id;
  }
  getLockPolicy(): LockPolicy {
    return this.lockPolicy;
  }
}

/** Passwords are bytes of UTF-8, and zero after the call. */
export type PasswordBytes = Bytes;
export type { BiometryPrompt, PolicyType };
