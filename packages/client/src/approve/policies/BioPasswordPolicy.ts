/** A password, or the biometry that the platform recognises, once it was enabled with the password. */
import type { BiometryState, ProtectedPolicy } from "../../engine/approve/key-vault.ts";
import { throwingExceptions } from "../exceptions.ts";
import { PasswordPolicy, requireBytes } from "./PasswordPolicy.ts";
import { type BiometryPrompt, type PasswordBytes, ProtectionPolicy } from "./ProtectionPolicy.ts";

export class BioPasswordPolicy extends PasswordPolicy {
  /** What `getBioAuthenticationState` answers. */
  static readonly BioAuthenticationState = {
    ENABLED: "ENABLED",
    NOT_ENABLED: "NOT_ENABLED",
    NOT_ENROLLED: "NOT_ENROLLED",
    NOT_CAPABLE: "NOT_CAPABLE",
    INVALID_KEY: "INVALID_KEY",
  } as const;

  readonly #setPrompt: (prompt: BiometryPrompt) => void;

  constructor(policy: ProtectedPolicy, setPrompt: (prompt: BiometryPrompt) => void) {
    super(policy);
    this.#setPrompt = setPrompt;
  }

  /** `INVALID_KEY` after the person's biometry was enrolled anew: enable it again with the password. */
  async getBioAuthenticationState(): Promise<BiometryState> {
    return throwingExceptions(() => this.policy.biometry());
  }

  /**
   * Throws `AuthenticationException`, `FingerprintNotEnrolledException`, `FingerprintAuthenticationRequiredException` when the
   * person refused, `PasswordExpiredException`, `UnsupportedOperationException` where the device recognises nobody.
   */
  async enableBioAuthentication(password: PasswordBytes): Promise<void> {
    requireBytes(password);
    await throwingExceptions(() => this.policy.enableBiometry(password));
  }

  async disableBioAuthentication(): Promise<void> {
    await throwingExceptions(() => this.policy.disableBiometry());
  }

  /** What the person reads while the platform asks, from now on. */
  setBiometricPrompt(prompt: BiometryPrompt): void {
    this.#setPrompt(prompt);
  }
}

/** The class that fits the policy's type. */
export function policyOf(policy: ProtectedPolicy, setPrompt: (prompt: BiometryPrompt) => void) {
  switch (policy.record.type) {
    case "DEVICE":
      return new ProtectionPolicy(policy);
    case "PASSWORD":
      return new PasswordPolicy(policy);
    case "BIOPASSWORD":
      return new BioPasswordPolicy(policy, setPrompt);
  }
}
