/**
 * `@countersign/client/mobile-token/v5`: what edition 5 means by the same names. Everything else is as in
 * `@countersign/client/mobile-token`.
 */
import {
  PowerAuthActivationCodeUtil as ActivationCodeUtil,
  type PowerAuthActivationCode,
} from "../PowerAuthActivationCodeUtil.ts";

/** `encryptRequest` takes Base64, `configuration` is a promise, failures are thrown. */
export const apiLevel = 5;

export { PowerAuth, PowerAuthTokenStore } from "./PowerAuth.ts";
export { PowerAuthEncryptor, type PowerAuthEncryptedRequest } from "./PowerAuthEncryptor.ts";

export class PowerAuthActivationCodeUtil extends ActivationCodeUtil {
  /** Leaves a signature out: it says nothing here. `verifyScannedActivationCode` checks one. */
  static override async parseActivationCode(activationCode: string): Promise<PowerAuthActivationCode> {
    const { activationCode: code } = await ActivationCodeUtil.parseActivationCode(activationCode);
    return { activationCode: code };
  }
}
export type { PowerAuthActivationCode };

export { PowerAuthActivation, type PowerAuthOIDCParameters } from "../PowerAuthActivation.ts";
export {
  PowerAuthActivationState,
  type PowerAuthActivationStatus,
  type PowerAuthCreateActivationResult,
} from "../PowerAuthActivationStatus.ts";
export { PowerAuthAuthentication, type PowerAuthBiometricPrompt } from "../PowerAuthAuthentication.ts";
export {
  PowerAuthAlgorithm,
  PowerAuthBiometryConfiguration,
  PowerAuthClientConfiguration,
  PowerAuthConfiguration,
  PowerAuthKeychainConfiguration,
  type PowerAuthConfigurationType,
  type PowerAuthHttpHeader,
  type PowerAuthKeychainProtection,
  type PowerAuthSharingConfiguration,
} from "../configurations.ts";
export type { PowerAuthDataFormat, PowerAuthEncryptorScope } from "../PowerAuthEncryptor.ts";
export { PowerAuthError, PowerAuthErrorCode, type PowerAuthErrorData } from "../PowerAuthError.ts";
export { PowerAuthPassword, type PasswordType } from "../PowerAuthPassword.ts";
export type { PowerAuthBiometricStatus } from "../PowerAuth.ts";
export type { PowerAuthToken } from "../PowerAuthTokenStore.ts";
export { PowerAuthCryptoUtils } from "../power-auth/PowerAuthCryptoUtils.ts";
export { PowerAuthDebug, type PowerAuthLog } from "../power-auth/PowerAuthDebug.ts";
export { PowerAuthPassphraseMeter } from "../power-auth/PowerAuthPassphraseMeter.ts";
export { PowerAuthPasswordChangeData } from "../power-auth/PowerAuthPasswordChangeData.ts";
export { PowerAuthSignatureKeyId } from "../power-auth/PowerAuthSigningMembers.ts";
export { PowerAuthStorageType, PowerAuthStorageUtils } from "../power-auth/PowerAuthStorageUtils.ts";
export { PowerAuthTimeSynchronizationService } from "../power-auth/PowerAuthTimeSynchronizationService.ts";
export type { PowerAuthUserAddress, PowerAuthUserInfo } from "../power-auth/PowerAuthUserInfo.ts";
export { PowerAuthUtils, type PowerAuthEnvironmentInfo } from "../power-auth/PowerAuthUtils.ts";
export { PinTestIssue, type PinTestResult } from "../power-auth/pin-test-result.ts";
