/**
 * The life of a configured instance, and how the methods of `PowerAuth` reach it. Applications see it as part of
 * `PowerAuth`.
 */
import { forgetTime } from "../engine/time.ts";
import { requireState } from "../engine/state.ts";
import { trace } from "../platform/trace.ts";
import type { Unlock } from "../engine/unlock.ts";
import {
  createDevice,
  readConfigureArguments,
  type ConfigureArguments,
  type PowerAuthBiometryConfiguration,
  type PowerAuthClientConfiguration,
  type PowerAuthConfigurationType,
  type PowerAuthKeychainConfiguration,
  type PowerAuthSharingConfiguration,
} from "./configurations.ts";
import { addInstance, dropInstance, findInstance, requireInstance, type Instance } from "./instances.ts";
import { withPassword, withUnlock, type PowerAuthAuthentication } from "./PowerAuthAuthentication.ts";
import { asPowerAuthError, PowerAuthError } from "./PowerAuthError.ts";
import type { PasswordType } from "./PowerAuthPassword.ts";

export class PowerAuthInstance {
  readonly instanceId: string;

  constructor(instanceId: string) {
    this.instanceId = instanceId;
  }

  /**
   * Checks the form of a configuration and takes it; asks nobody. Objects in the order configuration, client, biometry,
   * keychain, sharing; or application key, secret, master key, base address, permission for plain HTTP; or the
   * configuration string, base address, that permission. After any of these, `environment` says what the device uses for
   * storage, network, randomness, time, cryptography and biometry. Throws `WRONG_PARAMETER`, `REACT_NATIVE_ERROR` when
   * configured already, `INSUFFICIENT_KEYCHAIN_PROTECTION`.
   */
  async configure(...args: ConfigureArguments): Promise<boolean> {
    if (this.instanceId === "") throw new PowerAuthError("WRONG_PARAMETER", "The instance has an empty id");
    const { environment, ...configurations } = readConfigureArguments(args);
    const device = createDevice(this.instanceId, configurations, environment);
    const stopListening = device.onForeground(() => forgetTime(device));
    addInstance({ device, configurations, owned: new Set([{ end: stopListening }]) });
    return true;
  }

  async isConfigured(): Promise<boolean> {
    return findInstance(this.instanceId) !== undefined;
  }

  /** Forgets what is in memory and ends calls under way; a committed activation stays stored. Idempotent. */
  async deconfigure(): Promise<boolean> {
    dropInstance(this.instanceId);
    return true;
  }

  /** Undefined before `configure`, like the four getters below. */
  get configuration(): PowerAuthConfigurationType | undefined {
    return findInstance(this.instanceId)?.configurations.configuration;
  }

  get clientConfiguration(): Readonly<PowerAuthClientConfiguration> | undefined {
    return findInstance(this.instanceId)?.configurations.client;
  }

  get biometryConfiguration(): Readonly<PowerAuthBiometryConfiguration> | undefined {
    return findInstance(this.instanceId)?.configurations.biometry;
  }

  get keychainConfiguration(): Readonly<PowerAuthKeychainConfiguration> | undefined {
    return findInstance(this.instanceId)?.configurations.keychain;
  }

  get sharingConfiguration(): PowerAuthSharingConfiguration | undefined {
    return findInstance(this.instanceId)?.configurations.sharing;
  }

  /** Runs with the configured instance; whatever goes wrong comes out as `PowerAuthError`. */
  protected async call<T>(run: (instance: Instance) => Promise<T>): Promise<T> {
    try {
      return await run(requireInstance(this.instanceId));
    } catch (error) {
      const { instanceId } = this;
      const failure = this.translate(asPowerAuthError(error));
      trace({ type: "failure", instanceId, code: failure.code });
      throw failure;
    }
  }

  /** Where another API level has other codes. */
  protected translate(error: PowerAuthError): PowerAuthError {
    return error;
  }

  /** `call` with what unlocks the factors. */
  protected callUnlocked<T>(
    authentication: PowerAuthAuthentication,
    run: (instance: Instance, unlock: Unlock) => Promise<T>,
  ): Promise<T> {
    return this.call((instance) => withUnlock(instance.device, authentication, (unlock) => run(instance, unlock)));
  }

  /** `call` with the bytes of a password. */
  protected callWithPassword<T>(
    password: PasswordType,
    run: (instance: Instance, password: Uint8Array) => Promise<T>,
  ): Promise<T> {
    return this.call(async (instance) => {
      // Before the password is used up.
      await requireState(instance.device);
      return withPassword(password, (bytes) => run(instance, bytes));
    });
  }
}
