/** How a key is protected on the device, as the server's record says (Approve protocol §4 and §13). */
import { count, exactly, flag, seconds, shaped, type Shape } from "./claims.ts";

export type PolicyType = "DEVICE" | "PASSWORD" | "BIOPASSWORD";

export interface PasswordRules {
  readonly minLength: number;
  readonly maxLength: number;
  readonly minUpperCase: number;
  readonly maxUpperCase: number;
  readonly minLowerCase: number;
  readonly maxLowerCase: number;
  readonly minAlpha: number;
  readonly maxAlpha: number;
  readonly minNumeric: number;
  readonly maxNumeric: number;
  readonly minNonAlpha: number;
  readonly maxNonAlpha: number;
  /** Days before the password may be changed again. */
  readonly minAge: number;
  /** Days after which it has to be changed, 0 for never. */
  readonly maxAge: number;
  /** Former passwords that may not come back. */
  readonly maxHistory: number;
  readonly sequenceAllowed: boolean;
  /** Seconds for which an unlocked key stays unlocked, 0 for not at all. */
  readonly cacheSeconds: number;
}

export interface LockRecord {
  readonly type: "none" | "counter" | "delay" | "silent";
  /** counter: failures that lock. delay: the exponent that the waiting time stops growing at. */
  readonly counter?: number;
  /** delay: seconds after the first failure. */
  readonly delay?: number;
}

export interface PolicyRecord {
  readonly type: PolicyType;
  readonly password?: PasswordRules;
  readonly lock: LockRecord;
}

export const passwordRules: PasswordRules = {
  minLength: 6,
  maxLength: 64,
  minUpperCase: 0,
  maxUpperCase: 64,
  minLowerCase: 0,
  maxLowerCase: 64,
  minAlpha: 0,
  maxAlpha: 64,
  minNumeric: 0,
  maxNumeric: 64,
  minNonAlpha: 0,
  maxNonAlpha: 64,
  minAge: 0,
  maxAge: 0,
  maxHistory: 0,
  sequenceAllowed: false,
  cacheSeconds: 0,
};

const numbers = Object.entries(passwordRules).map(([name, value]) => [name, typeof value === "number" ? count : flag]);

export const policyShape: Shape = {
  required: {
    type: exactly("DEVICE", "PASSWORD", "BIOPASSWORD"),
    lock: shaped({
      required: { type: exactly("none", "counter", "delay", "silent") },
      optional: { counter: count, delay: seconds },
      open: true,
    }),
  },
  optional: { password: shaped({ required: Object.fromEntries(numbers) as Shape["required"], open: true }) },
  open: true,
};

/** What the server believes of a person's verification by a key under this policy (Approve protocol §8). */
export const methodsOf: Readonly<Record<PolicyType, readonly VerificationMethod[]>> = {
  DEVICE: ["none"],
  PASSWORD: ["password"],
  BIOPASSWORD: ["password", "biometry"],
};

export type VerificationMethod = "none" | "password" | "biometry";

export const verificationMethods: readonly VerificationMethod[] = ["none", "password", "biometry"];

/** The combination that an operation's template names. */
export const factorsOfMethod = {
  none: "possession",
  password: "possession_knowledge",
  biometry: "possession_biometry",
} as const satisfies Record<VerificationMethod, string>;
