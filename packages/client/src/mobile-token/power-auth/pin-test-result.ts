/** The verdict on a PIN, under the names of the face. */
import { PowerAuthError } from "../PowerAuthError.ts";
import { pinStrength, type PinIssue } from "./pin-strength.ts";

export type PinTestIssue = PinIssue;

/** Each issue under its own name. */
export const PinTestIssue = {
  NOT_UNIQUE: "NOT_UNIQUE",
  REPEATING_CHARS: "REPEATING_CHARS",
  PATTERN_FOUND: "PATTERN_FOUND",
  POSSIBLY_DATE: "POSSIBLY_DATE",
  FREQUENTLY_USED: "FREQUENTLY_USED",
} as const satisfies { readonly [Issue in PinIssue]: Issue };

export interface PinTestResult {
  readonly shouldWarnUserAboutWeakPin: boolean;
  readonly issues: readonly PinTestIssue[];
}

/** Throws `WRONG_PARAMETER`. */
export function readPinResult(digits: readonly number[]): PinTestResult {
  const strength = pinStrength(digits);
  if (strength === undefined) throw new PowerAuthError("WRONG_PARAMETER", "A PIN has 4 to 100 digits");
  return { shouldWarnUserAboutWeakPin: strength.shouldWarn, issues: strength.issues };
}
