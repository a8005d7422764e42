/**
 * The `PowerAuth` object: names and meanings of the React Native edition, on any JavaScript platform.
 *
 * This face names, shapes and translates; what has to do with keys, counters or the network is the engine's.
 */
import { fromBase64, toBase64, utf8 } from "@countersign/protocol/bytes";
import { isFailure } from "@countersign/protocol/errors";
import { parseActivationCode, verifyActivationCode } from "@countersign/protocol/powerauth/activation-code";
import { canonicalQuery, formEncode } from "@countersign/protocol/powerauth/canonical-query";
import {
  createActivation,
  describeActivation,
  persistActivation,
  removeActivation,
  removeLocally,
} from "../engine/activate.ts";
import {
  hasBiometryFactor,
  noBiometry,
  removeBiometryFactor,
  type BiometryInfo,
  type BiometryPrompt,
} from "../engine/biometry.ts";
import { EngineError } from "../engine/errors.ts";
import { changePassword, changePasswordUnchecked, validatePassword } from "../engine/password.ts";
import { signOffline, signRequest } from "../engine/sign.ts";
import { inTurn, loadState } from "../engine/state.ts";
import { fetchStatus } from "../engine/status.ts";
import { serverKey } from "../engine/temporary-keys.ts";
import type { CallOptions } from "../engine/transport.ts";
import { addBiometryFactor, fetchEncryptionKey, signWithDeviceKey } from "../engine/vault.ts";
import type { PowerAuthBiometryConfiguration } from "./configurations.ts";
import { findInstance, requireInstance } from "./instances.ts";
import { MobileToken, type MobileTokenConfiguration } from "./MobileToken.ts";
import { readActivation, type PowerAuthActivation } from "./PowerAuthActivation.ts";
import {
  asActivationStatus,
  type PowerAuthActivationStatus,
  type PowerAuthCreateActivationResult,
} from "./PowerAuthActivationStatus.ts";
import {
  PowerAuthAuthentication,
  readPrompt,
  withPassword,
  withUnlock,
  type PowerAuthBiometricPrompt,
} from "./PowerAuthAuthentication.ts";
import { decodeData, PowerAuthEncryptor, type PowerAuthDataFormat } from "./PowerAuthEncryptor.ts";
import { asPowerAuthError, PowerAuthError } from "./PowerAuthError.ts";
import { PowerAuthInstance } from "./PowerAuthInstance.ts";
import { PowerAuthPassword, type PasswordType } from "./PowerAuthPassword.ts";
import {
  asAuthorizationHeader,
  PowerAuthTokenStore,
  type PowerAuthAuthorizationHttpHeader,
} from "./PowerAuthTokenStore.ts";

/**
 * One activation of this device, named by `instanceId`. Two objects with one id are the same instance.
 *
 * Every method but `configure`, `isConfigured` and `deconfigure` throws `INSTANCE_NOT_CONFIGURED` before anything else.
 * Methods that ask the server throw `NETWORK_ERROR`, `AUTHENTICATION_ERROR` (401), `RESPONSE_ERROR` (any other refusal)
 * with the server's code in `errorData`, and `OPERATION_CANCELED`; their last argument may bring a signal and a timeout.
 */
export class PowerAuth extends PowerAuthInstance {
  readonly tokenStore: PowerAuthTokenStore;

  constructor(instanceId: string) {
    super(instanceId);
    this.tokenStore = new PowerAuthTokenStore(instanceId);
  }

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
      const { fingerprint, activationRecovery, customAttributes } = result;
      return {
        activationFingerprint: fingerprint,
        ...(activationRecovery !== undefined && { activationRecovery }),
        ...(customAttributes !== undefined && { customAttributes }),
      };
    });
  }

  /**
   * Stores the pending activation under a password, at least four bytes of UTF-8. Local. Throws
   * `INVALID_ACTIVATION_STATE`, `WRONG_PARAMETER` without a password, biometry codes.
   */
  commitActivation(authentication: PowerAuthAuthentication): Promise<void> {
    return this.call(({ device, configurations }) => {
      if (!(authentication instanceof PowerAuthAuthentication) || !authentication.isActivationCommit) {
        throw new PowerAuthError("WRONG_PARAMETER", "The authentication object was not made for a commit");
      }
      if (device.memory.pending === undefined) {
        throw new PowerAuthError("INVALID_ACTIVATION_STATE", "No activation waits to be committed");
      }
      const { isBiometricAuthentication, biometricPrompt } = authentication;
      const prompt = setupPrompt(configurations.biometry, biometricPrompt);
      const biometry = isBiometricAuthentication ? { prompt } : undefined;
      return withPassword(authentication.password, (password) => persistActivation(device, password, biometry));
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

  /**
   * Header for a GET request: signs its query, given as parameters. Spends a counter value. Throws
   * `MISSING_ACTIVATION`, `WRONG_PARAMETER`, `SIGNATURE_ERROR`, `INVALID_NATIVE_OBJECT`, biometry codes.
   */
  requestGetSignature(
    authentication: PowerAuthAuthentication,
    uriId: string,
    params?: Readonly<Record<string, string>>,
  ): Promise<PowerAuthAuthorizationHttpHeader> {
    return this.call(({ device }) => {
      const body = utf8(queryOf(params));
      return withUnlock(device, authentication, async (unlock) =>
        asAuthorizationHeader(await signRequest(device, unlock, { method: "GET", uriId, body })),
      );
    });
  }

  /**
   * Header for a request with exactly this body. Spends a counter value, which is stored before the header is returned;
   * requests must arrive in the order of their headers (`serial`). A wrong password is not noticed here. Throws as
   * `requestGetSignature`.
   */
  requestSignature(
    authentication: PowerAuthAuthentication,
    method: string,
    uriId: string,
    body?: string | Uint8Array,
  ): Promise<PowerAuthAuthorizationHttpHeader> {
    return this.callUnlocked(authentication, async ({ device }, unlock) => {
      const bytes = typeof body === "string" ? utf8(body) : (body ?? new Uint8Array(0));
      const request = { method: method.toUpperCase(), uriId, body: bytes };
      return asAuthorizationHeader(await signRequest(device, unlock, request));
    });
  }

  /**
   * Digits that a person retypes: eight per factor, joined by hyphens. `nonce` is Base64. Spends a counter value. A
   * wrong password gives digits as well. Throws as `requestGetSignature`.
   */
  offlineSignature(
    authentication: PowerAuthAuthentication,
    uriId: string,
    nonce: string,
    body?: string | Uint8Array,
  ): Promise<string> {
    return this.callUnlocked(authentication, ({ device }, unlock) => {
      const bytes = typeof body === "string" ? utf8(body) : (body ?? new Uint8Array(0));
      return signOffline(device, unlock, { uriId, nonce, body: bytes });
    });
  }

  /**
   * Whether the server signed the text (Base64 of a DER signature): with the application's master key, or else with the
   * key of this activation. Without an activation the latter is false.
   */
  verifyServerSignedData(data: string, signature: string, masterKey: boolean): Promise<boolean> {
    return this.call(async ({ device }) => {
      const state = masterKey ? undefined : await loadState(device);
      const key = masterKey ? device.application.masterPublicKey : state && serverKey(device, state);
      const bytes = fromBase64(signature);
      return key !== undefined && bytes !== undefined && device.crypto.verify(key, utf8(data), bytes, "der");
    });
  }

  /** Whether a scanned code carries the application's signature. Never throws. */
  async verifyScannedActivationCode(scannedCode: string): Promise<boolean> {
    const device = findInstance(this.instanceId)?.device;
    const scanned = parseActivationCode(String(scannedCode));
    if (device === undefined || isFailure(scanned) || scanned.signature === undefined) return false;
    return verifyActivationCode(device.crypto, device.application.masterPublicKey, scanned.code, scanned.signature);
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
    try {
      return (await findInstance(this.instanceId)?.device.biometry?.info()) ?? noBiometry;
    } catch (error) {
      throw asPowerAuthError(error);
    }
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

  /**
   * Runs `run`, which computes a signature and awaits the response, while no other signed call of this instance is
   * between signature and response. Calls of this object that sign and send wait for their turn: do not await one inside.
   */
  async serial<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await inTurn(requireInstance(this.instanceId).device, run);
    } catch (error) {
      // What `run` throws is its caller's own.
      throw error instanceof EngineError ? asPowerAuthError(error) : error;
    }
  }

  /** The Mobile Token services of this instance. */
  createMobileToken(configuration?: MobileTokenConfiguration): MobileToken {
    return new MobileToken(this, configuration);
  }
}

/** The platform asks the person when a key is made only where the configuration says so. */
function setupPrompt(
  configuration: Readonly<PowerAuthBiometryConfiguration>,
  prompt: PowerAuthBiometricPrompt | undefined,
): BiometryPrompt | undefined {
  return configuration.authenticateOnBiometricKeySetup ? readPrompt(prompt ?? { promptMessage: "" }) : undefined;
}

/** The canonical query the server computes from the request's own. Throws `WRONG_PARAMETER` for values that are no text. */
function queryOf(params: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(params).map(([name, value]) => {
    if (typeof value !== "string") throw new PowerAuthError("WRONG_PARAMETER", "A query parameter is not a string");
    return `${formEncode(name)}=${formEncode(value)}`;
  });
  return canonicalQuery(pairs.join("&")) ?? "";
}
