/**
 * The life of an activation: from none over pending to valid, and back to none. Part of `PowerAuth`.
 */
import {
  createActivation,
  describeActivation,
  persistActivation,
  removeActivation,
  removeLocally,
} from "../../engine/activate.ts";
import type { BiometryPrompt } from "../../engine/biometry.ts";
import {
  fetchDetail,
  renameActivation,
  requestTransfer,
  type ActivationDetail,
  type ActivationTransfer,
} from "../../engine/account/own-activation.ts";
import { confirmRecoveryCode } from "../../engine/account/recovery.ts";
import { fetchUserInfo } from "../../engine/account/user-info.ts";
import { loadState, requireState } from "../../engine/state.ts";
import { fetchStatus } from "../../engine/status.ts";
import type { CallOptions } from "../../engine/transport.ts";
import type { PowerAuthBiometryConfiguration } from "../configurations.ts";
import { readActivation, type PowerAuthActivation } from "../PowerAuthActivation.ts";
import {
  asActivationStatus,
  type PowerAuthActivationStatus,
  type PowerAuthCreateActivationResult,
} from "../PowerAuthActivationStatus.ts";
import {
  PowerAuthAuthentication,
  readPrompt,
  withPassword,
  type PowerAuthBiometricPrompt,
} from "../PowerAuthAuthentication.ts";
import { PowerAuthError } from "../PowerAuthError.ts";
import { PowerAuthInstance } from "../PowerAuthInstance.ts";
import { asUserInfo, type PowerAuthUserInfo } from "./PowerAuthUserInfo.ts";

export class PowerAuthActivationMembers extends PowerAuthInstance {
  /** Local: stays true when the server has blocked or removed the activation. */
  hasValidActivation(): Promise<boolean> {
    return this.call(async ({ device }) => (await loadState(device)) !== undefined);
  }

  canStartActivation(): Promise<boolean> {
    return this.call(
      async ({ device }) => device.memory.pending === undefined && (await loadState(device)) === undefined,
    );
  }

  /** True between `createActivation` and `commitActivation`. Not stored. */
  hasPendingActivation(): Promise<boolean> {
    return this.call(async ({ device }) => device.memory.pending !== undefined);
  }

  getActivationIdentifier(): Promise<string | undefined> {
    return this.call(async ({ device }) => (await describeActivation(device))?.activationId);
  }

  /** Eight digits that the server shows as well. */
  getActivationFingerprint(): Promise<string | undefined> {
    return this.call(async ({ device }) => (await describeActivation(device))?.fingerprint);
  }

  /**
   * What the server says of the activation; brings the counter in line. Concurrent calls share one request. Throws
   * `MISSING_ACTIVATION`, `PENDING_ACTIVATION`.
   */
  fetchActivationStatus(options?: CallOptions): Promise<PowerAuthActivationStatus> {
    return this.call(async ({ device }) => asActivationStatus(await fetchStatus(device, options)));
  }

  /**
   * Exchanges keys with the server; `commitActivation` comes next. After a failure it may be tried again at once. Throws
   * `INVALID_ACTIVATION_STATE`, `INVALID_ACTIVATION_OBJECT`, `INVALID_ACTIVATION_CODE`, `SIGNATURE_ERROR` for a code
   * signed by somebody else, `INVALID_ACTIVATION_DATA`, `ENCRYPTION_ERROR`.
   */
  createActivation(activation: PowerAuthActivation, options?: CallOptions): Promise<PowerAuthCreateActivationResult> {
    return this.call(async ({ device }) => {
      const result = await createActivation(device, readActivation(activation), options);
      const { fingerprint, activationRecovery, customAttributes, userInfo } = result;
      return {
        activationFingerprint: fingerprint,
        ...(activationRecovery !== undefined && { activationRecovery }),
        ...(customAttributes !== undefined && { customAttributes }),
        ...(userInfo !== undefined && { userInfo: asUserInfo(userInfo) }),
      };
    });
  }

  /**
   * Stores the pending activation under a password, at least four bytes of UTF-8. Local. Throws
   * `INVALID_ACTIVATION_STATE`, `WRONG_PARAMETER` without a password, biometry codes.
   */
  commitActivation(authentication: PowerAuthAuthentication): Promise<void> {
    return this.call(({ device, configurations }) => {
      const committing =
        authentication instanceof PowerAuthAuthentication ? authentication.convertLegacyObject(true) : undefined;
      if (committing?.isActivationCommit !== true) {
        throw new PowerAuthError("WRONG_PARAMETER", "The authentication object was not made for a commit");
      }
      if (device.memory.pending === undefined) {
        throw new PowerAuthError("INVALID_ACTIVATION_STATE", "No activation waits to be committed");
      }
      const { isBiometricAuthentication, biometricPrompt } = committing;
      const prompt = setupPrompt(configurations.biometry, biometricPrompt);
      const biometry = isBiometricAuthentication ? { prompt } : undefined;
      return withPassword(committing.password, (password) => persistActivation(device, password, biometry));
    });
  }

  /** The same as `commitActivation`. */
  persistActivation(authentication: PowerAuthAuthentication): Promise<void> {
    return this.commitActivation(authentication);
  }

  /** Removes the activation on the server and, only after its success, here. Spends a counter value. */
  removeActivationWithAuthentication(authentication: PowerAuthAuthentication, options?: CallOptions): Promise<void> {
    return this.callUnlocked(authentication, ({ device }, unlock) => removeActivation(device, unlock, options));
  }

  /** Forgets the activation whatever its state. The server is not told. */
  removeActivationLocal(): Promise<void> {
    return this.call(({ device }) => removeLocally(device));
  }

  /** What the server knows about the person, remembered in memory. Encrypted, not signed. */
  fetchUserInfo(options?: CallOptions): Promise<PowerAuthUserInfo> {
    return this.call(async ({ device }) => asUserInfo(await fetchUserInfo(device, options)));
  }

  /** What `createActivation` or `fetchUserInfo` received last in this process. */
  getLastFetchedUserInfo(): Promise<PowerAuthUserInfo | undefined> {
    return this.call(async ({ device }) => device.memory.userInfo && asUserInfo(device.memory.userInfo));
  }

  /**
   * Our addition: id and name as the server has them. The first call proves two factors and keeps a token; later ones are
   * proved by it.
   */
  fetchActivationDetail(authentication: PowerAuthAuthentication, options?: CallOptions): Promise<ActivationDetail> {
    return this.callUnlocked(authentication, ({ device }, unlock) => fetchDetail(device, unlock, options));
  }

  /** Our addition: another name for this device on the server. Needs two factors, spends a counter value. */
  renameActivation(
    authentication: PowerAuthAuthentication,
    activationName: string,
    options?: CallOptions,
  ): Promise<ActivationDetail> {
    return this.callUnlocked(authentication, ({ device }, unlock) =>
      renameActivation(device, unlock, activationName, options),
    );
  }

  /**
   * Our addition: a code with which another app of the same person activates. `otp` has at least 16 characters and goes
   * there by another way than the code. Needs two factors, spends a counter value.
   */
  requestActivationTransfer(
    authentication: PowerAuthAuthentication,
    target: { readonly applicationId: string; readonly otp: string },
    options?: CallOptions,
  ): Promise<ActivationTransfer> {
    return this.callUnlocked(authentication, ({ device }, unlock) => requestTransfer(device, unlock, target, options));
  }

  /** Only where an app shares its activation with others on iOS: never here. */
  getExternalPendingOperation(): Promise<undefined> {
    return this.call(async () => undefined);
  }

  /** @deprecated Recovery data is never kept: false. */
  hasActivationRecoveryData(): Promise<boolean> {
    return this.call(async () => false);
  }

  /** @deprecated Throws `INVALID_ACTIVATION_STATE`, as wherever there is none. */
  activationRecoveryData(_authentication: PowerAuthAuthentication): Promise<never> {
    return this.call(async ({ device }) => {
      await requireState(device);
      throw new PowerAuthError("INVALID_ACTIVATION_STATE", "There is no recovery data");
    });
  }

  /** @deprecated Works with servers before 2.0; others refuse with `RESPONSE_ERROR`. */
  confirmRecoveryCode(
    recoveryCode: string,
    authentication: PowerAuthAuthentication,
    options?: CallOptions,
  ): Promise<{ readonly alreadyConfirmed: boolean }> {
    return this.callUnlocked(authentication, async ({ device }, unlock) => ({
      alreadyConfirmed: await confirmRecoveryCode(device, unlock, String(recoveryCode), options),
    }));
  }
}

/** The platform asks the person when a key is made only where the configuration says so. */
export function setupPrompt(
  configuration: Readonly<PowerAuthBiometryConfiguration>,
  prompt: PowerAuthBiometricPrompt | undefined,
): BiometryPrompt | undefined {
  return configuration.authenticateOnBiometricKeySetup ? readPrompt(prompt ?? { promptMessage: "" }) : undefined;
}
