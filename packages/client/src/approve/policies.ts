/** Placeholder until the policies' faces are there. */
import type { PolicyRecord } from "@countersign/protocol/approve/policy";
import type { ProtectedPolicy } from "../engine/approve/key-vault.ts";

export class ProtectionPolicy {
  static readonly PolicyType = { DEVICE: "DEVICE", PASSWORD: "PASSWORD", BIOPASSWORD: "BIOPASSWORD" } as const;
  readonly id: string;
  readonly record: PolicyRecord;
  readonly load: (() => Promise<ProtectedPolicy>) | undefined;
  constructor(id: string, record: PolicyRecord, load?: () => Promise<ProtectedPolicy>) {
    this.id = id;
    this.record = record;
    this.load = load;
  }
  get type() {
    return this.record.type;
  }
  getType() {
    return this.type;
  }
}
export class PasswordPolicy extends ProtectionPolicy {}

export function newPasswordPolicy(id: string, record: PolicyRecord): PasswordPolicy {
  return new PasswordPolicy(id, record);
}
export function protectionPolicy(
  id: string,
  record: PolicyRecord,
  load: () => Promise<ProtectedPolicy>,
): ProtectionPolicy {
  return record.type === "DEVICE" ? new ProtectionPolicy(id, record, load) : new PasswordPolicy(id, record, load);
}
