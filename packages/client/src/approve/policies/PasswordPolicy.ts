/** A policy with a password: its rules as methods and as properties, and what can be done with the password. */
import { passwordRules } from "@countersign/protocol/approve/policy";
import type { ProtectedPolicy } from "../../engine/approve/key-vault.ts";
import { InvalidParameterException, throwingExceptions } from "../exceptions.ts";
import { type PasswordBytes, ProtectionPolicy } from "./ProtectionPolicy.ts";

/** Lengths and classes count characters, ages count days. */
export class PasswordPolicy extends ProtectionPolicy {
  /** @internal */
  protected readonly policy: ProtectedPolicy;
  readonly minLength: number;
  readonly maxLength: number;
  readonly minUpperCase: number;
  readonly maxUpperCase: number;
  readonly minLowerCase: number;
  readonly maxLowerCase: number;
  /** Letters of either case, in any script. */
  readonly minAlpha: number;
  readonly maxAlpha: number;
  readonly minNumeric: number;
  readonly maxNumeric: number;
  /** Neither letter nor digit. */
  readonly minNonAlpha: number;
  readonly maxNonAlpha: number;
  readonly minAge: number;
  /** 0 for never. */
  readonly maxAge: number;
  /** Former passwords, the present one among them, that may not come back. */
  readonly maxHistory: number;
  readonly sequenceAllowed: boolean;
  readonly cacheEnabled: boolean;
  /** Seconds. */
  readonly cacheTimeout: number;

  constructor(policy: ProtectedPolicy) {
    super(policy);
    this.policy = policy;
    const rules = policy.record.password ?? passwordRules;
    this.minLength = rules.minLength;
    this.maxLength = rules.maxLength;
    this.minUpperCase = rules.minUpperCase;
    this.maxUpperCase = rules.maxUpperCase;
    this.minLowerCase = rules.minLowerCase;
    this.maxLowerCase = rules.maxLowerCase;
    this.minAlpha = rules.minAlpha;
    this.maxAlpha = rules.maxAlpha;
    this.minNumeric = rules.minNumeric;
    this.maxNumeric = rules.maxNumeric;
    this.minNonAlpha = rules.minNonAlpha;
    this.maxNonAlpha = rules.maxNonAlpha;
    this.minAge = rules.minAge;
    this.maxAge = rules.maxAge;
    this.maxHistory = rules.maxHistory;
    this.sequenceAllowed = rules.sequenceAllowed;
    this.cacheEnabled = rules.cacheSeconds > 0;
    this.cacheTimeout = rules.cacheSeconds;
  }

  getMinLength = (): number => this.minLength;
  getMaxLength = (): number => this.maxLength;
  getMinUpperCase = (): number => this.minUpperCase;
  getMaxUpperCase = (): number => this.maxUpperCase;
  getMinLowerCase = (): number => this.minLowerCase;
  getMaxLowerCase = (): number => this.maxLowerCase;
  getMinAlpha = (): number => this.minAlpha;
  getMaxAlpha = (): number => this.maxAlpha;
  getMinNumeric = (): number => this.minNumeric;
  getMaxNumeric = (): number => this.maxNumeric;
  getMinNonAlpha = (): number => this.minNonAlpha;
  getMaxNonAlpha = (): number => this.maxNonAlpha;
  getMinAge = (): number => this.minAge;
  getMaxAge = (): number => this.maxAge;
  getMaxHistory = (): number => this.maxHistory;
  isSequenceAllowed = (): boolean => this.sequenceAllowed;
  isCacheEnabled = (): boolean => this.cacheEnabled;
  getCacheTimeout = (): number => this.cacheTimeout;

  /** Days since the password was set. Throws `LostCredentialsException`. */
  async getCurrentAge(): Promise<number> {
    return throwingExceptions(async () => (await this.policy.currentAge()) ?? 0);
  }

  /**
   * Answers true. Throws `AuthenticationException` for a wrong old password and for a lock, `InvalidPasswordException` whose
   * parameter names the rule, `PasswordNotYetUpdatableException`, `LostCredentialsException`.
   */
  async changePassword(oldPassword: PasswordBytes, newPassword: PasswordBytes): Promise<boolean> {
    requireBytes(oldPassword);
    requireBytes(newPassword);
    await throwingExceptions(() => this.policy.change(oldPassword, newPassword));
    return true;
  }

  /**
   * Throws `AuthenticationException`, `PasswordExpiredException`, `LostCredentialsException`, and
   * `UnsupportedOperationException` under a silent lock.
   */
  async verifyPassword(password: PasswordBytes): Promise<void> {
    requireBytes(password);
    await throwingExceptions(() => this.policy.verify(password));
  }
}

/** A text is refused: nobody can wipe it. */
export function requireBytes(password: unknown): asserts password is PasswordBytes {
  if (password instanceof Uint8Array) return;
  throw new InvalidParameterException("A password is given as a Uint8Array of UTF-8");
}
