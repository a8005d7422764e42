/**
 * The code that a person retypes to approve a scanned operation (PowerAuth 3.x, offline signatures). Nothing is sent:
 * whether the password was right shows only where the code is checked.
 */
import { authorizeBody } from "@countersign/protocol/operation/offline-qr";
import { asMobileTokenError } from "../MobileTokenError.ts";
import { notAllowed } from "../operations/factors.ts";
import type { PowerAuth } from "../PowerAuth.ts";
import type { PowerAuthAuthentication } from "../PowerAuthAuthentication.ts";
import { PowerAuthError } from "../PowerAuthError.ts";
import type { QrOperation } from "./QrOperation.ts";

/** Throws `MobileTokenError`. What is refused is refused before the counter moves, a key is unlocked or a person asked. */
export async function authorizeOffline(
  powerAuth: PowerAuth,
  operation: QrOperation,
  authentication: PowerAuthAuthentication,
  uriId: string,
): Promise<string> {
  try {
    if (!(await powerAuth.hasValidActivation())) {
      throw new PowerAuthError("MISSING_ACTIVATION", "The device has no activation");
    }
    requireAllowedFactors(operation, authentication);
    const body = authorizeBody(operation.operationId, operation.operationData.sourceString, operation.totp);
    return await powerAuth.offlineSignature(authentication, uriId, operation.nonce, body);
  } catch (error) {
    throw asMobileTokenError(error);
  }
}

function requireAllowedFactors({ flags }: QrOperation, authentication: PowerAuthAuthentication): void {
  const { isActivationCommit, isBiometricAuthentication, password } = authentication;
  // One made for a commit is refused below, by the name of its own mistake.
  if (isActivationCommit) return;
  if (isBiometricAuthentication) {
    if (!flags.biometricsAllowed) throw notAllowed("biometrics-not-allowed");
  } else if (password === undefined) {
    throw notAllowed("two-factors-required");
  }
}
