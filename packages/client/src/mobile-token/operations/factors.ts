/** Whether factors may decide an operation, as far as the device can tell. The server checks it again. */
import { MobileTokenError, type MobileTokenErrorDetail } from "../MobileTokenError.ts";
import type { OnlineOperation, UserOperation } from "../model/operation.ts";
import { PowerAuthAuthentication } from "../PowerAuthAuthentication.ts";

/**
 * Throws `operations_factorsNotAllowed` before a password is used up, a person asked or a counter value spent. An
 * operation of an application's own class, and a type of signature that is not known, are left to the server.
 */
export function requireAllowedFactors(operation: OnlineOperation, authentication: PowerAuthAuthentication): void {
  const { allowedSignatureType: allowed } = operation as Partial<UserOperation>;
  // What is no authentication, or one for a commit, is refused below by the name of its own mistake.
  if (allowed === undefined || !(authentication instanceof PowerAuthAuthentication)) return;
  if (authentication.isActivationCommit || (allowed.type !== "1FA" && allowed.type !== "2FA")) return;
  const { variants } = allowed;
  const isKnown = variants.length > 0;
  if (authentication.isBiometricAuthentication) {
    if (isKnown && !variants.includes("possession_biometry")) throw notAllowed("biometrics-not-allowed");
  } else if (authentication.password !== undefined) {
    if (isKnown && !variants.includes("possession_knowledge")) throw notAllowed("password-not-allowed");
  } else if (allowed.type === "2FA" && !variants.includes("possession")) {
    throw notAllowed("two-factors-required");
  }
}

export function notAllowed(detail: MobileTokenErrorDetail): MobileTokenError {
  return new MobileTokenError("operations_factorsNotAllowed", `The operation cannot be signed: ${detail}`, { detail });
}
