/**
 * The `PowerAuth` object of edition 5, where it means something else under the same name: configurations are promises,
 * encryptors are for one exchange and come as promises, the server's refusals are `NETWORK_ERROR`.
 *
 * It speaks PowerAuth 3.x, which edition 5 calls `LEGACY`, and configures to that where nothing is said.
 */
import type { CallOptions } from "../../engine/transport.ts";
import type {
  PowerAuthBiometryConfiguration,
  PowerAuthClientConfiguration,
  PowerAuthConfigurationType,
  PowerAuthKeychainConfiguration,
  PowerAuthSharingConfiguration,
} from "../configurations.ts";
import { findInstance, type Instance } from "../instances.ts";
import { PowerAuth as PowerAuthOfEdition4 } from "../PowerAuth.ts";
import { PowerAuthError } from "../PowerAuthError.ts";
import { PowerAuthTokenStore as TokenStoreOfEdition4 } from "../PowerAuthTokenStore.ts";
import { PowerAuthEncryptor } from "./PowerAuthEncryptor.ts";

type Replaced =
  | "configuration"
  | "clientConfiguration"
  | "biometryConfiguration"
  | "keychainConfiguration"
  | "sharingConfiguration"
  | "getEncryptorForApplicationScope"
  | "getEncryptorForActivationScope";

/** The members that mean the same in both editions; TypeScript does not let a getter become a promise. */
const Common = PowerAuthOfEdition4 as unknown as Omit<typeof PowerAuthOfEdition4, "prototype"> &
  (new (instanceId: string) => Omit<PowerAuthOfEdition4, Replaced | "tokenStore">);

export class PowerAuthTokenStore extends TokenStoreOfEdition4 {
  protected override translate(error: PowerAuthError): PowerAuthError {
    return withoutServerCodes(error);
  }
}

export class PowerAuth extends Common {
  readonly tokenStore: PowerAuthTokenStore;

  constructor(instanceId: string) {
    super(instanceId);
    this.tokenStore = new PowerAuthTokenStore(instanceId);
  }

  get configuration(): Promise<PowerAuthConfigurationType | undefined> {
    return this.#configuration("configuration");
  }

  /** Without headers and basic authentication: they go in and do not come out. */
  get clientConfiguration(): Promise<Partial<PowerAuthClientConfiguration> | undefined> {
    return this.#configuration("client").then((client) => {
      if (client === undefined) return undefined;
      const { customHttpHeaders: _, basicHttpAuthentication: __, ...shown } = client;
      return Object.freeze(shown);
    });
  }

  get biometryConfiguration(): Promise<Readonly<PowerAuthBiometryConfiguration> | undefined> {
    return this.#configuration("biometry");
  }

  get keychainConfiguration(): Promise<Readonly<PowerAuthKeychainConfiguration> | undefined> {
    return this.#configuration("keychain");
  }

  get sharingConfiguration(): Promise<PowerAuthSharingConfiguration | undefined> {
    return this.#configuration("sharing");
  }

  get currentAlgorithm(): Promise<"LEGACY" | undefined> {
    return Promise.resolve(findInstance(this.instanceId) && "LEGACY");
  }

  async getEncryptorForApplicationScope(): Promise<PowerAuthEncryptor> {
    return new PowerAuthEncryptor("APPLICATION", this.instanceId, withoutServerCodes);
  }

  /** Throws `MISSING_ACTIVATION` already here. */
  async getEncryptorForActivationScope(): Promise<PowerAuthEncryptor> {
    if (!(await this.hasValidActivation())) {
      throw new PowerAuthError("MISSING_ACTIVATION", "The device has no activation");
    }
    return new PowerAuthEncryptor("ACTIVATION", this.instanceId, withoutServerCodes);
  }

  /** There is no later protocol here. */
  async hasProtocolUpgradeAvailable(): Promise<boolean> {
    return false;
  }

  async hasPendingProtocolUpgrade(): Promise<boolean> {
    return false;
  }

  /** Throws `PROTOCOL_UPGRADE`. */
  async startProtocolUpgrade(_password?: unknown, _upgradeBiometry?: boolean, _options?: CallOptions): Promise<never> {
    throw new PowerAuthError("PROTOCOL_UPGRADE", "There is nothing to upgrade to");
  }

  protected translate(error: PowerAuthError): PowerAuthError {
    return withoutServerCodes(error);
  }

  async #configuration<Name extends keyof Instance["configurations"]>(
    name: Name,
  ): Promise<Instance["configurations"][Name] | undefined> {
    return findInstance(this.instanceId)?.configurations[name];
  }
}

/** What the server said stays in `errorData`. */
function withoutServerCodes(error: PowerAuthError): PowerAuthError {
  if (error.code !== "AUTHENTICATION_ERROR" && error.code !== "RESPONSE_ERROR") return error;
  return new PowerAuthError("NETWORK_ERROR", error.message, {
    originalException: error.originalException,
    errorData: error.errorData,
  });
}
