/** What unlocks a key: the password that was given, or the person's biometry where the policy has it and none was. */
import type { Credential } from "../engine/approve/key-vault.ts";
import { passwordOf, type Password } from "./arguments.ts";
import type { Key } from "./Key.ts";

export function credentialFor({ inner: { container, policyId } }: Key, given: Password): Credential {
  const password = passwordOf(given);
  if (password !== undefined) return { password };
  return { biometry: container.policies[policyId]?.type === "BIOPASSWORD" };
}
