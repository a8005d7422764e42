/** Policies as applications see them, made from what the server's record says; the vault is asked when something is done. */
import type { PolicyRecord } from "@countersign/protocol/approve/policy";
import type { ApproveDevice } from "../engine/approve/device.ts";
import { type ProtectedPolicy, VaultError } from "../engine/approve/key-vault.ts";
import { policyOf } from "./policies/BioPasswordPolicy.ts";
import { PasswordPolicy } from "./policies/PasswordPolicy.ts";
import type { ProtectionPolicy } from "./policies/ProtectionPolicy.ts";

/** That of a key in the vault of this container. */
export function policyFace(
  device: ApproveDevice,
  containerId: string,
  id: string,
  record: PolicyRecord,
): ProtectionPolicy {
  const load = () => device.vaultOf(containerId).policy(id);
  return policyOf(later(id, record, load), (prompt) => device.setPrompt(prompt));
}

/** One whose password is still to be chosen. */
export function newPasswordPolicy(id: string, record: PolicyRecord): PasswordPolicy {
  const refuse = async () => {
    throw new VaultError("unsupported", "The policy is not in force yet");
  };
  return new PasswordPolicy(later(id, record, refuse));
}

function later(id: string, record: PolicyRecord, load: () => Promise<ProtectedPolicy>): ProtectedPolicy {
  return {
    id,
    record,
    currentAge: async () => (await load()).currentAge(),
    verify: async (password) => (await load()).verify(password),
    change: async (oldPassword, newPassword) => (await load()).change(oldPassword, newPassword),
    biometry: async () => (await load()).biometry(),
    enableBiometry: async (password) => (await load()).enableBiometry(password),
    disableBiometry: async () => (await load()).disableBiometry(),
  };
}
