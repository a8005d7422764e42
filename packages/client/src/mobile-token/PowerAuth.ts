/**
 * The `PowerAuth` object: names and meanings of the React Native edition, on any JavaScript platform.
 *
 * This face names, shapes and translates; what has to do with keys, counters or the network is the engine's.
 */
import { toBase64 } from "@countersign/protocol/bytes";
import { removeLocally } from "../engine/activate.ts";
import {
  hasBiometryFactor,
  noBiometry,
  removeBiometryFactor,
  type BiometryInfo,
  type BiometryStatus,
  type BiometryType,
} from "../engine/biometry.ts";
import { EngineError } from "../engine/errors.ts";
import {
  beginPasswordChange,
  changePassword,
  changePasswordUnchecked,
  finishPasswordChange,
  validatePassword,
} from "../engine/password.ts";
import { loadState } from "../engine/state.ts";
import type { CallOptions } from "../engine/transport.ts";
import { addBiometryFactor, fetchEncryptionKey, signWithDeviceKey } from "../engine/vault.ts";
import { createDevice, readConfigureArguments, type ConfigureArguments } from "./configurations.ts";
import { anyInstance, findInstance, type Instance } from "./instances.ts";
import { MobileToken, type MobileTokenConfiguration } from "./MobileToken.ts";
import { setupPrompt } from "./power-auth/PowerAuthActivationMembers.ts";
import { PowerAuthPasswordChangeData } from "./power-auth/PowerAuthPasswordChangeData.ts";
import { PowerAuthSigningMembers, type PowerAuthSignatureKeyId } from "./power-auth/PowerAuthSigningMembers.ts";
import { PowerAuthTimeSynchronizationService } from "./power-auth/PowerAuthTimeSynchronizationService.ts";
import {
  withGroup,
  withPassword,
  withUnlock,
  type PowerAuthAuthentication,
  type PowerAuthBiometricPrompt,
} from "./PowerAuthAuthentication.ts";
import { decodeData, PowerAuthEncryptor, type PowerAuthDataFormat } from "./PowerAuthEncryptor.ts";
import { asPowerAuthError, PowerAuthError } from "./PowerAuthError.ts";
import { PowerAuthPassword, type PasswordType } from "./PowerAuthPassword.ts";
import { PowerAuthTokenStore } from "./PowerAuthTokenStore.ts";

export interface PowerAuthBiometricStatus {
  /** There is a factor, and the person can be asked for it now. */
  readonly isAuthenticationWithBiometricsAvailable: boolean;
  readonly isBiometricFactorConfigured: boolean;
  readonly systemStatus: BiometryStatus;
  readonly biometryType: BiometryType;
}

/**
 * One activation of this device, named by `instanceId`. Two objects with one id are the same instance.
 *
 * Every method but `configure`, `isConfigured` and `deconfigure` throws `INSTANCE_NOT_CONFIGURED` before anything else.
 * Methods that ask the server throw `NETWORK_ERROR`, `AUTHENTICATION_ERROR` (401), `RESPONSE_ERROR` (any other refusal)
 * with the server's code in `errorData`, and `OPERATION_CANCELED`; their last argument may bring a signal and a timeout.
 */
export class PowerAuth extends PowerAuthSigningMembers {
  readonly tokenStore: PowerAuthTokenStore;
  readonly timeSynchronizationService: PowerAuthTimeSynchronizationService;

  constructor(instanceId: string) {
    super(instanceId);
    this.tokenStore = new PowerAuthTokenStore(instanceId);
    this.timeSynchronizationService = new PowerAuthTimeSynchronizationService(instanceId);
  }

  /**
   * Removes what is stored for an instance that is not configured and cannot be, because of `INVALID_ACTIVATION_DATA`.
   * Takes its id and what `configure` takes. Throws `UPGRADE_SDK` for data of a newer version, which stays.
   */
  static async cleanupInstanceData(instanceId: string, ...args: ConfigureArguments): Promise<void> {
    try {
      if (findInstance(instanceId) !== undefined) {
        throw new PowerAuthError("WRONG_PARAMETER", "The instance is configured: use removeActivationLocal");
      }
      const { environment, ...configurations } = readConfigureArguments(args);
      const device = createDevice(instanceId, configurations, environment);
      await loadState(device).catch((error: unknown) => {
        if (!(error instanceof EngineError) || error.code !== "activation-data-invalid") throw error;
      });
      await removeLocally(device);
    } catch (error) {
      throw asPowerAuthError(error);
    }
  }

  /** What the biometry provider of any configured instance can do. */
  static async getBiometryInfo(): Promise<BiometryInfo> {
    return biometryInfo(anyInstance());
  }

  /** Asks the server. A wrong password is `AUTHENTICATION_ERROR`, and is counted. Spends a counter value. */
  validatePassword(password: PasswordType, options?: CallOptions): Promise<void> {
    return this.callWithPassword(password, ({ device }, bytes) => validatePassword(device, bytes, options));
  }

  /** Validates the old password with the server, then changes. A new one under four bytes: `INVALID_ACTIVATION_STATE`. */
  changePassword(oldPassword: PasswordType, newPassword: PasswordType, options?: CallOptions): Promise<void> {
    return this.callWithPassword(oldPassword, ({ device }, oldBytes) =>
      withPassword(newPassword, (newBytes) => changePassword(device, oldBytes, newBytes, options)),
    );
  }

  /**
   * First half of a change: validates the old password with the server, and is counted. The second half may come when the
   * person has chosen a new one; release the data if that never happens. Spends a counter value.
   */
  beginPasswordChange(oldPassword: PasswordType, options?: CallOptions): Promise<PowerAuthPasswordChangeData> {
    return this.callWithPassword(
      oldPassword,
      async (instance, bytes) =>
        new PowerAuthPasswordChangeData(instance, await beginPasswordChange(instance.device, bytes, options), bytes),
    );
  }

  /**
   * Second half: local. Uses `data` up, whatever comes of it. Throws `INVALID_NATIVE_OBJECT` when it is used up, released
   * or five minutes old, `INVALID_ACTIVATION_STATE` for a new password under four bytes.
   */
  finishPasswordChange(newPassword: PasswordType, data: PowerAuthPasswordChangeData): Promise<void> {
    return this.call((instance) => {
      if (!(data instanceof PowerAuthPasswordChangeData)) {
        throw new PowerAuthError("WRONG_PARAMETER", "That is no PowerAuthPasswordChangeData");
      }
      return data.use(instance, (validated, oldBytes) =>
        withPassword(newPassword, (newBytes) => finishPasswordChange(instance.device, validated, oldBytes, newBytes)),
      );
    });
  }

  /**
   * Changes without asking the server: a wrong old password gives true as well, and spoils the password for good. False
   * without an activation or for too short passwords.
   */
  unsafeChangePassword(oldPassword: PasswordType, newPassword: PasswordType): Promise<boolean> {
    return this.call(async ({ device }) => {
      if ((await loadState(device)) === undefined) return false;
      return withPassword(oldPassword, (oldBytes) =>
        withPassword(newPassword, async (newBytes) => {
          if (oldBytes.length < 4 || newBytes.length < 4) return false;
          await changePasswordUnchecked(device, oldBytes, newBytes);
          return true;
        }),
      );
    });
  }

  /** The same as `unsafeChangePassword`. */
  changePasswordUnsafe(oldPassword: PasswordType, newPassword: PasswordType): Promise<boolean> {
    return this.unsafeChangePassword(oldPassword, newPassword);
  }

  /**
   * Adds the biometry factor, or replaces it. Asks the server for the vault key with the password. The prompt may be
   * given as object, or as title and description. Throws `AUTHENTICATION_ERROR`, biometry codes.
   */
  addBiometryFactor(password: PasswordType, prompt?: PowerAuthBiometricPrompt, options?: CallOptions): Promise<void>;
  addBiometryFactor(password: PasswordType, title: string, description: string): Promise<void>;
  addBiometryFactor(
    password: PasswordType,
    promptOrTitle?: PowerAuthBiometricPrompt | string,
    optionsOrDescription?: CallOptions | string,
  ): Promise<void> {
    const isText = typeof optionsOrDescription === "string";
    const options = isText ? undefined : optionsOrDescription;
    const given =
      typeof promptOrTitle === "string"
        ? { promptTitle: promptOrTitle, promptMessage: isText ? optionsOrDescription : "" }
        : promptOrTitle;
    return this.callWithPassword(password, ({ device, configurations }, bytes) => {
      const prompt = setupPrompt(configurations.biometry, given);
      return addBiometryFactor(device, { factors: "possession_knowledge", password: bytes }, prompt, options);
    });
  }

  /** Whether there is a biometry key, not whether the person can be recognised now. */
  hasBiometryFactor(): Promise<boolean> {
    return this.call(({ device }) => hasBiometryFactor(device));
  }

  /** Local; the server is not told. Throws `BIOMETRY_NOT_CONFIGURED`. */
  removeBiometryFactor(): Promise<void> {
    return this.call(({ device }) => removeBiometryFactor(device));
  }

  /** What the biometry provider can do; works unconfigured. */
  async getBiometryInfo(): Promise<BiometryInfo> {
    return biometryInfo(findInstance(this.instanceId));
  }

  /** What the provider can do, together with whether this activation has a biometry key. */
  getBiometricStatus(): Promise<PowerAuthBiometricStatus> {
    return this.call(async (instance) => {
      const { canAuthenticate: systemStatus, biometryType } = await biometryInfo(instance);
      const isBiometricFactorConfigured = await hasBiometryFactor(instance.device);
      return {
        isAuthenticationWithBiometricsAvailable: isBiometricFactorConfigured && systemStatus === "OK",
        isBiometricFactorConfigured,
        systemStatus,
        biometryType,
      };
    });
  }

  async isAuthenticationWithBiometricsAvailable(): Promise<boolean> {
    return (await this.getBiometricStatus()).isAuthenticationWithBiometricsAvailable;
  }

  /**
   * Asks the person once; `run` gets an authentication for several signatures, until ten seconds pass without one. Send
   * nothing more with it after a 401. What `run` throws comes out inside a `PowerAuthError` with its code. Throws
   * `WRONG_PARAMETER` for an authentication that is not biometric.
   */
  groupedBiometricAuthentication(
    authentication: PowerAuthAuthentication,
    run: (reusable: PowerAuthAuthentication) => Promise<void>,
  ): Promise<void> {
    return this.call(({ device }) =>
      withGroup(device, authentication, async (reusable) => {
        try {
          await run(reusable);
        } catch (originalException) {
          const { code } = asPowerAuthError(originalException);
          throw new PowerAuthError(code, "The grouped calls failed", { originalException });
        }
      }),
    );
  }

  /** 16 bytes in Base64, the same for the same index. Asks the server for the vault key; spends a counter value. */
  fetchEncryptionKey(
    authentication: PowerAuthAuthentication,
    index: number | bigint,
    options?: CallOptions,
  ): Promise<string> {
    return this.callUnlocked(authentication, async ({ device }, unlock) =>
      toBase64(await fetchEncryptionKey(device, unlock, index, options)),
    );
  }

  /** Base64 of a DER signature (ECDSA, SHA-256). Asks the server for the vault key; spends a counter value. */
  signDataWithDevicePrivateKey(
    authentication: PowerAuthAuthentication,
    data: string,
    dataFormat: PowerAuthDataFormat = "UTF8",
    options?: CallOptions,
  ): Promise<string> {
    return this.call(({ device }) => {
      const bytes = decodeData(data, dataFormat);
      return withUnlock(device, authentication, async (unlock) =>
        toBase64(await signWithDeviceKey(device, unlock, bytes, options)),
      );
    });
  }

  /** `signDataWithDevicePrivateKey` for data in Base64. The only key is that of the device. */
  calculateDigitalSignature(
    authentication: PowerAuthAuthentication,
    data: string,
    keyId: PowerAuthSignatureKeyId,
    options?: CallOptions,
  ): Promise<string> {
    return this.call(async () => {
      if (keyId === "device" || keyId === "deviceEc") {
        return this.signDataWithDevicePrivateKey(authentication, data, "BASE64", options);
      }
      throw new PowerAuthError("WRONG_PARAMETER", "There is no such key to sign with");
    });
  }

  /** A password that ends with this instance. */
  createPassword(destroyOnUse = true, onAutomaticCleanup?: () => void): PowerAuthPassword {
    return new PowerAuthPassword(destroyOnUse, onAutomaticCleanup, this.instanceId);
  }

  getEncryptorForApplicationScope(): PowerAuthEncryptor {
    return new PowerAuthEncryptor("APPLICATION", this.instanceId);
  }

  getEncryptorForActivationScope(): PowerAuthEncryptor {
    return new PowerAuthEncryptor("ACTIVATION", this.instanceId);
  }

  /** The Mobile Token services of this instance. */
  createMobileToken(configuration?: MobileTokenConfiguration): MobileToken {
    return new MobileToken(this, configuration);
  }
}

async function biometryInfo(instance: Instance | undefined): Promise<BiometryInfo> {
  try {
    return (await instance?.device.biometry?.info()) ?? noBiometry;
  } catch (error) {
    throw asPowerAuthError(error);
  }
}
