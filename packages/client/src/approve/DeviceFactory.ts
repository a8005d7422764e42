/** Makes the device out of what the platform offers: storage, randomness, time, network, biometry. */
import type { RandomBytes } from "@countersign/protocol/bytes";
import type { Argon2Cost } from "@countersign/protocol/argon2";
import type { CryptoProvider } from "@countersign/protocol/crypto";
import { type DeviceInfo, deviceInfo } from "@countersign/protocol/approve/enrol";
import type { PinnedParty } from "@countersign/protocol/approve/parties";
import type { ApproveDevice, Connection } from "../engine/approve/device.ts";
import { ApproveError } from "../engine/approve/errors.ts";
import { isKept } from "../engine/approve/enrolment/record.ts";
import { retryRemovals } from "../engine/approve/remove.ts";
import { loadState } from "../engine/approve/state.ts";
import type { PlatformKeys } from "../engine/approve/vault/platform-keys.ts";
import { createKeyVault, type DeviceVault } from "../engine/approve/vault/vault.ts";
import type { BiometryPrompt, BiometryProvider } from "../engine/biometry.ts";
import { completeEnvironment } from "../platform/environment.ts";
import type { Timers } from "../platform/timers.ts";
import type { DeviceStorage } from "../storage/port.ts";
import { ConnectionConfiguration, connectionFrom } from "./ConnectionConfiguration.ts";
import { Device, type DeviceExtras, version } from "./Device.ts";
import { InvalidParameterException, UnsupportedDeviceException } from "./exceptions.ts";
import { throwing } from "./failures.ts";

/** What the application knows of the platform. Only the storage has no default. */
export interface DeviceContext {
  /** Where keys and containers are kept. An empty one is a new device. */
  readonly storage: DeviceStorage;
  /** `android`, `ios`, `web`, `node`; the server's rules ask for it, and for the version. */
  readonly platform?: string | undefined;
  readonly osVersion?: string | undefined;
  readonly osName?: string | undefined;
  readonly brand?: string | undefined;
  readonly model?: string | undefined;
  readonly deviceName?: string | undefined;
  readonly rooted?: boolean | undefined;
  /** BCP 47, of what the person is shown. */
  readonly language?: string | undefined;
  /** Without one, there is no biometry. */
  readonly biometryProvider?: BiometryProvider | undefined;
  readonly biometricPrompt?: (() => BiometryPrompt) | undefined;
  /** Without them, keys of DEVICE policies are software keys. */
  readonly platformKeys?: PlatformKeys | undefined;
  /**
   * Relying parties with the keys that sign their requests, where the application knows them better than its server: they
   * count in place of those that were pinned at enrolment.
   */
  readonly relyingParties?: readonly PinnedParty[] | undefined;
  readonly random?: RandomBytes | undefined;
  /** Milliseconds since the epoch. */
  readonly now?: (() => number) | undefined;
  readonly timers?: Timers | undefined;
  readonly crypto?: CryptoProvider | undefined;
  /** Price of one guess at a password; less than the default is for tests. */
  readonly passwordCost?: Argon2Cost | undefined;
}

export class DeviceFactory {
  /**
   * The device that is kept in the storage of the context. Throws `LostCredentialsException` when it has containers whose
   * keys are gone: `reset` then makes it a new one.
   */
  static getDevice(context: DeviceContext, configuration?: ConnectionConfiguration | null): Promise<Device> {
    return throwing(async () => {
      const { device, extras } = assemble(context, configuration ?? new ConnectionConfiguration());
      await requireKeys(device);
      // Beside what the application does: a server that does not answer holds up nobody.
      void retryRemovals(device).catch(() => undefined);
      return new Device(device, extras);
    });
  }

  /** Forgets every container and key, without telling any server. */
  static reset(context: DeviceContext): Promise<void> {
    return throwing(async () => {
      const { device } = assemble(context, new ConnectionConfiguration());
      const { containers, enrolments, removals } = await loadState(device).catch(() => emptied);
      const ids = [...containers, ...enrolments, ...removals.map(({ container }) => container)].map(({ id }) => id);
      for (const id of ids) await device.vaultOf(id).destroy();
      await device.storage.remove("approve/device");
    });
  }
}

const emptied = { containers: [], enrolments: [], removals: [] } as const;

async function requireKeys(device: ApproveDevice): Promise<void> {
  const { containers } = await loadState(device);
  for (const { id, keys } of containers) {
    if (!(await isKept(device.vaultOf(id), { keys }))) throw new ApproveError("lost", "Keys of a container are gone");
  }
}

function assemble(context: DeviceContext, configuration: ConnectionConfiguration) {
  if (typeof context?.storage?.get !== "function") throw new InvalidParameterException("The context needs a storage");
  if (typeof globalThis.crypto?.subtle?.verify !== "function") {
    throw new UnsupportedDeviceException("The platform has no WebCrypto");
  }
  const { storage, random, now, timers, crypto, biometry } = completeEnvironment({
    storage: context.storage,
    random: context.random,
    now: context.now,
    timers: context.timers,
    crypto: context.crypto,
    biometryProvider: context.biometryProvider,
  });
  const { platformKeys, passwordCost: cost } = context;
  let asked = context.biometricPrompt;
  const prompt = () => asked?.() ?? { promptMessage: "" };
  const vaults = new Map<string, DeviceVault>();
  const connections = new Map<string | undefined, Connection>([[undefined, connectionFrom(configuration)]]);
  const fallback = connectionFrom(configuration);
  const device: ApproveDevice = {
    storage,
    random,
    now,
    timers,
    sha256: (data) => crypto.sha256(data),
    vaultOf(id) {
      const known = vaults.get(id);
      if (known !== undefined) return known;
      const vault = createKeyVault({
        containerId: id,
        storage,
        crypto,
        random,
        now,
        cost,
        biometry,
        prompt,
        platformKeys,
      });
      vaults.set(id, vault);
      return vault;
    },
    setPrompt: (next) => void (asked = () => next),
    info: infoOf(context),
    language: context.language,
    parties: context.relyingParties,
    connectionOf: (id) => connections.get(id) ?? connections.get(undefined) ?? fallback,
    connect: (id, connection) => void connections.set(id, connection),
    nonces: new Map(),
    ahead: new Map(),
  };
  const extras: DeviceExtras = {
    brand: context.brand,
    osName: context.osName,
    async biometry() {
      const info = await biometry?.info();
      if (info === undefined || info.canAuthenticate === "NOT_SUPPORTED") return "NONE";
      return info.canAuthenticate === "OK" || info.canAuthenticate === "LOCKOUT" ? "ENROLLED" : "CAPABLE";
    },
    clearCache() {
      for (const vault of vaults.values()) vault.clearCache();
    },
  };
  return { device, extras };
}

function infoOf({ platform = "unknown", osVersion = "0", deviceName, model, rooted, platformKeys }: DeviceContext) {
  const info: DeviceInfo = {
    platform,
    osVersion,
    hardwareKeys: platformKeys !== undefined,
    sdkVersion: version,
    ...(deviceName !== undefined && { name: deviceName }),
    ...(model !== undefined && { model }),
    ...(rooted !== undefined && { rooted }),
  };
  if (deviceInfo(info)) return info;
  throw new InvalidParameterException("The context describes the device with texts that are too long or none");
}
