/**
 * The configuration of an instance: the classes applications fill in, their defaults, and the check that turns them into
 * a device. Only the form is checked; nothing is asked of the server.
 */
import { fromBase64, toBase64, utf8 } from "@countersign/protocol/bytes";
import { isFailure } from "@countersign/protocol/errors";
import { decodeClientConfiguration } from "@countersign/protocol/powerauth/client-configuration";
import { versionRow } from "@countersign/protocol/powerauth/versions";
import { emptyMemory, type Device } from "../engine/device.ts";
import { completeEnvironment, type Environment } from "../platform/environment.ts";
import { createTransport, type RequestInterceptor } from "../engine/transport.ts";
import type { StorageProtection } from "../storage/port.ts";
import { PowerAuthError } from "./PowerAuthError.ts";

/** Either the one configuration string, or key, secret and master public key, all in Base64. */
export interface PowerAuthConfigurationType {
  /** Start of every address, the part before `/pa/…` and `/api/…`. */
  readonly baseEndpointUrl: string;
  readonly configuration?: string | undefined;
  readonly applicationKey?: string | undefined;
  readonly applicationSecret?: string | undefined;
  readonly masterServerPublicKey?: string | undefined;
  /** Digits per factor of an offline code, 4 to 8; 8 unless given. */
  readonly offlineAuthenticationCodeComponentLength?: number | undefined;
  /** `LEGACY` is what this SDK speaks, and what it takes where nothing is said: PowerAuth 3.x on P-256. */
  readonly algorithm?: PowerAuthAlgorithm | undefined;
}

export const PowerAuthAlgorithm = { LEGACY: "LEGACY", P384: "P384", P384_L3: "P384_L3", P384_L5: "P384_L5" } as const;
export type PowerAuthAlgorithm = keyof typeof PowerAuthAlgorithm;

export class PowerAuthConfiguration implements PowerAuthConfigurationType {
  readonly baseEndpointUrl: string;
  readonly configuration: string | undefined;
  readonly applicationKey: string | undefined;
  readonly applicationSecret: string | undefined;
  readonly masterServerPublicKey: string | undefined;

  readonly algorithm: PowerAuthAlgorithm | undefined;
  offlineAuthenticationCodeComponentLength: number | undefined;

  constructor(configuration: string, baseEndpointUrl: string, algorithm?: PowerAuthAlgorithm);
  constructor(
    applicationKey: string,
    applicationSecret: string,
    masterServerPublicKey: string,
    baseEndpointUrl: string,
  );
  constructor(...parts: [string, string, PowerAuthAlgorithm?] | [string, string, string, string]) {
    if (parts.length < 4) {
      [this.configuration, this.baseEndpointUrl, this.algorithm] = parts as [string, string, PowerAuthAlgorithm?];
    } else {
      const values = parts as [string, string, string, string];
      [this.applicationKey, this.applicationSecret, this.masterServerPublicKey, this.baseEndpointUrl] = values;
    }
  }
}

export interface PowerAuthHttpHeader {
  readonly name: string;
  readonly value: string;
}

/** Network behaviour. Headers and basic authentication go to every request to the base address. */
export class PowerAuthClientConfiguration {
  /** Permits `http:`. Certificates are checked in any case; inject another `fetch` to change that. */
  enableUnsecureTraffic = false;
  /** Seconds. An exchange may take the sum of both. */
  connectionTimeout = 20;
  readTimeout = 20;
  customHttpHeaders: readonly PowerAuthHttpHeader[] | null = null;
  basicHttpAuthentication: { readonly username: string; readonly password: string } | null = null;
  /** Called in their order before each request; what they throw ends it. */
  requestInterceptors: readonly RequestInterceptor[] | null = null;

  static default(): PowerAuthClientConfiguration {
    return new PowerAuthClientConfiguration();
  }
}

/** Only `authenticateOnBiometricKeySetup` has an effect: the rest is the biometry provider's business. */
export class PowerAuthBiometryConfiguration {
  linkItemsToCurrentSet = false;
  invalidateBiometricFactorAfterChange = false;
  fallbackToDevicePasscode = false;
  confirmBiometricAuthentication = false;
  /** Whether the person is asked when a biometry key is made, and not only when it is used. */
  authenticateOnBiometricKeySetup = true;
  fallbackToSharedBiometryKey = true;

  static default(): PowerAuthBiometryConfiguration {
    return new PowerAuthBiometryConfiguration();
  }
}

export type PowerAuthKeychainProtection = StorageProtection;

export class PowerAuthKeychainConfiguration {
  accessGroupName: string | undefined;
  userDefaultsSuiteName: string | undefined;
  /** `configure` fails with `INSUFFICIENT_KEYCHAIN_PROTECTION` when the storage offers less. */
  minimalRequiredKeychainProtection: PowerAuthKeychainProtection = "NONE";

  static default(): PowerAuthKeychainConfiguration {
    return new PowerAuthKeychainConfiguration();
  }
}

/** Accepted and without effect outside of iOS. */
export interface PowerAuthSharingConfiguration {
  readonly appGroup: string;
  readonly appIdentifier: string;
  readonly keychainAccessGroup: string;
  readonly sharedMemoryIdentifier?: string | undefined;
}

/** As the getters of an instance show them: frozen, with all defaults. */
export interface Configurations {
  readonly configuration: PowerAuthConfigurationType;
  readonly client: Readonly<PowerAuthClientConfiguration>;
  readonly biometry: Readonly<PowerAuthBiometryConfiguration>;
  readonly keychain: Readonly<PowerAuthKeychainConfiguration>;
  readonly sharing: PowerAuthSharingConfiguration | undefined;
}

export type ConfigureArguments =
  | [
      configuration: PowerAuthConfigurationType,
      client?: Partial<PowerAuthClientConfiguration>,
      biometry?: Partial<PowerAuthBiometryConfiguration>,
      keychain?: Partial<PowerAuthKeychainConfiguration>,
      sharing?: PowerAuthSharingConfiguration,
      environment?: Environment,
    ]
  | [
      applicationKey: string,
      applicationSecret: string,
      masterServerPublicKey: string,
      baseEndpointUrl: string,
      enableUnsecureTraffic: boolean,
      environment?: Environment,
    ]
  | [configuration: string, baseEndpointUrl: string, enableUnsecureTraffic: boolean, environment?: Environment];

/** Tells the three forms of `configure` apart and fills in the defaults. */
export function readConfigureArguments(
  args: ConfigureArguments,
): Configurations & { readonly environment: Environment } {
  if (typeof args[0] !== "string") {
    const [configuration, client, biometry, keychain, sharing, environment = {}] = args as Extract<
      ConfigureArguments,
      [PowerAuthConfigurationType, ...unknown[]]
    >;
    return { ...withDefaults(configuration, client, biometry, keychain, sharing), environment };
  }
  if (typeof args[2] === "string") {
    const [applicationKey, applicationSecret, masterServerPublicKey, baseEndpointUrl, unsecure, environment = {}] =
      args as Extract<ConfigureArguments, [string, string, string, ...unknown[]]>;
    const configuration = { applicationKey, applicationSecret, masterServerPublicKey, baseEndpointUrl };
    return { ...withDefaults(configuration, { enableUnsecureTraffic: unsecure === true }), environment };
  }
  const [configuration, baseEndpointUrl, unsecure, environment = {}] = args as [string, string, boolean, Environment?];
  const client = { enableUnsecureTraffic: unsecure === true };
  return { ...withDefaults({ configuration, baseEndpointUrl }, client), environment };
}

/** Throws `WRONG_PARAMETER` and `INSUFFICIENT_KEYCHAIN_PROTECTION`. */
export function createDevice(instanceId: string, configurations: Configurations, environment: Environment): Device {
  const { protocolVersion, fetch, ...surroundings } = completeEnvironment(environment);
  const version = versionRow(protocolVersion);
  if (version === undefined) throw wrong("The protocol version is none of 3.0, 3.1, 3.2, 3.3");
  const { client, keychain } = configurations;
  const required = protections.indexOf(keychain.minimalRequiredKeychainProtection);
  if (required < 0) throw wrong("The keychain protection is unknown");
  if (required > protections.indexOf(surroundings.storage.protection)) {
    throw new PowerAuthError("INSUFFICIENT_KEYCHAIN_PROTECTION", "The storage protects less than required");
  }
  const timeout = (client.connectionTimeout + client.readTimeout) * 1000;
  if (!(timeout > 0)) throw wrong("The timeouts are not positive numbers of seconds");
  readLength(configurations.configuration);
  if ((configurations.configuration.algorithm ?? "LEGACY") !== "LEGACY") throw wrong("The algorithm is not supported");
  return {
    instanceId,
    application: readApplication(configurations.configuration, surroundings.crypto),
    version,
    ...surroundings,
    transport: createTransport(
      { fetch, random: surroundings.random, timers: surroundings.timers },
      {
        baseUrl: readBaseUrl(configurations.configuration.baseEndpointUrl),
        allowUnsecureTraffic: client.enableUnsecureTraffic,
        timeout,
        headers: readHeaders(client),
        interceptors: client.requestInterceptors ?? [],
      },
    ),
    memory: emptyMemory(),
  };
}

const protections: readonly StorageProtection[] = ["NONE", "SOFTWARE", "HARDWARE", "STRONGBOX"];

function withDefaults(
  configuration: PowerAuthConfigurationType,
  client: Partial<PowerAuthClientConfiguration> = {},
  biometry: Partial<PowerAuthBiometryConfiguration> = {},
  keychain: Partial<PowerAuthKeychainConfiguration> = {},
  sharing?: PowerAuthSharingConfiguration,
): Configurations {
  if (typeof configuration !== "object" || configuration === null) throw wrong("The configuration is no object");
  return {
    configuration: Object.freeze({ ...configuration }),
    client: Object.freeze({ ...PowerAuthClientConfiguration.default(), ...client }),
    biometry: Object.freeze({ ...PowerAuthBiometryConfiguration.default(), ...biometry }),
    keychain: Object.freeze({ ...PowerAuthKeychainConfiguration.default(), ...keychain }),
    sharing: sharing && Object.freeze({ ...sharing }),
  };
}

function readApplication(configuration: PowerAuthConfigurationType, crypto: Device["crypto"]): Device["application"] {
  const { key, secret, masterKey } = readKeys(configuration);
  const masterPublicKey = masterKey && crypto.importPublicKey(masterKey);
  if (masterPublicKey === undefined) throw wrong("The master public key is not valid");
  return { key, secret, masterPublicKey };
}

function readKeys(configuration: PowerAuthConfigurationType) {
  if (typeof configuration.configuration === "string") {
    const decoded = decodeClientConfiguration(configuration.configuration);
    if (isFailure(decoded)) throw wrong("The configuration string is not valid");
    const { applicationKey, applicationSecret, masterPublicKey } = decoded;
    return { key: toBase64(applicationKey), secret: toBase64(applicationSecret), masterKey: masterPublicKey };
  }
  const { applicationKey: key = "", applicationSecret: secret = "", masterServerPublicKey = "" } = configuration;
  if (![key, secret].every((text) => typeof text === "string" && fromBase64(text)?.length === 16)) {
    throw wrong("The application key or secret is not valid");
  }
  return { key, secret, masterKey: fromBase64(masterServerPublicKey) };
}

/** No slash at the end, nothing after the path. By hand, because React Native has half a `URL` only. */
function readBaseUrl(text: unknown): string {
  if (typeof text !== "string" || !/^https?:\/\/[^\s/?#]+(?:\/[^\s?#]*)?$/i.test(text)) {
    throw wrong("The base address is not valid");
  }
  let end = text.length;
  while (text.charAt(end - 1) === "/") end--;
  return text.slice(0, end);
}

function readHeaders(client: Readonly<PowerAuthClientConfiguration>): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const { name, value } of client.customHttpHeaders ?? []) {
    // Checked here, because a later failure would look like one of the network.
    if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(name) || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      throw wrong("A custom header cannot be sent");
    }
    headers[name] = value;
  }
  const basic = client.basicHttpAuthentication;
  if (basic !== null) headers.Authorization = `Basic ${toBase64(utf8(`${basic.username}:${basic.password}`))}`;
  return headers;
}

/** Throws `WRONG_PARAMETER`. */
export function readLength({ offlineAuthenticationCodeComponentLength: length }: PowerAuthConfigurationType): number {
  if (length === undefined) return 8;
  if (Number.isInteger(length) && length >= 4 && length <= 8) return length;
  throw wrong("An offline code has 4 to 8 digits per factor");
}

function wrong(message: string): PowerAuthError {
  return new PowerAuthError("WRONG_PARAMETER", message);
}
