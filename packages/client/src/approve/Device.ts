/** The device: its containers, and what reaches it from servers. */
import type { ApproveDevice } from "../engine/approve/device.ts";
import { enrol } from "../engine/approve/enrolment/enrol.ts";
import { readReference } from "../engine/approve/transactions/reference.ts";
import { removeContainer } from "../engine/approve/remove.ts";
import { type ContainerState, loadState } from "../engine/approve/state.ts";
import { dateOf, parametersOf, type Password, textOf, withPasswords } from "./arguments.ts";
import { type ConnectionConfiguration, connectionFrom } from "./ConnectionConfiguration.ts";
import { type Container, containerOf } from "./Container.ts";
import type { ContainerInitialization } from "./ContainerInitialization.ts";
import { type EventListener, isListener, promptOf } from "./events.ts";
import { InvalidParameterException } from "./exceptions.ts";
import { throwing } from "./failures.ts";
import type { Parameters } from "./Parameter.ts";
import { pushAddress } from "./push.ts";
import { SDKConstants } from "./SDKConstants.ts";
import { ServerActionInfo } from "./ServerActionInfo.ts";

/** Version of this library. */
export const version = "0.1.0";

/** What the platform says beside `ApproveDevice.info`. */
export interface DeviceExtras {
  readonly brand?: string | undefined;
  readonly osName?: string | undefined;
  readonly biometry: () => Promise<"CAPABLE" | "ENROLLED" | "NONE">;
  readonly clearCache: () => void;
}

export class Device {
  readonly #device: ApproveDevice;
  readonly #extras: DeviceExtras;

  /** @internal */
  constructor(device: ApproveDevice, extras: DeviceExtras) {
    this.#device = device;
    this.#extras = extras;
  }

  /**
   * Registers with a server. A call that was cut short, or that ended because the person closed the prompt or the network
   * failed, goes on where it was when it is made again with the same code.
   */
  createContainer(
    initialization: ContainerInitialization,
    second?: EventListener | Parameters,
    third?: EventListener | null,
  ): Promise<Container> {
    return throwing(async () => {
      const listener = [third, second].find(isListener);
      const { pushId, pushPlatform, name } = initialization ?? {};
      if (name !== undefined && (typeof name !== "string" || name === "" || name.length > 64)) {
        throw new InvalidParameterException("A name has from 1 to 64 characters");
      }
      const from = sourceOf(initialization);
      const push =
        pushId === undefined
          ? undefined
          : pushAddress(textOf(pushId, "pushId"), pushPlatform, this.#device.info.platform);
      return containerOf(this.#device, await enrol(this.#device, { from, name, push, prompt: promptOf(listener) }));
    });
  }

  /** Containers that match all of the parameters, oldest first. */
  findContainers(parameters?: Parameters): Promise<readonly Container[]> {
    return throwing(async () => {
      const wanted = parametersOf(parameters, Object.keys(filters));
      const tests = [...wanted].map(([name, value]) => filters[name as keyof typeof filters](value));
      const { containers } = await loadState(this.#device);
      const found = containers.map((state) => ({ state, container: containerOf(this.#device, state) }));
      return found
        .filter(({ state, container }) => tests.every((test) => test(state, container)))
        .sort((a, b) => a.state.createdAt - b.state.createdAt)
        .map(({ container }) => container);
    });
  }

  /** Gone from this device at once. A server that cannot be reached is told at the next three starts. */
  deleteContainer(containerId: string, password?: Password, reason?: string | null): Promise<void> {
    return throwing(() =>
      withPasswords([password], async () => {
        const text = reason ?? "USER_REQUEST";
        if (typeof text !== "string" || text === "" || text.length > 255) {
          throw new InvalidParameterException("A reason has from 1 to 255 characters");
        }
        await removeContainer(this.#device, textOf(containerId, "containerId"), text);
      }),
    );
  }

  /**
   * What a transaction id says without the network: from a push message (`tds`), from the list, or from a QR code. `userId`, as
   * text or as parameter `CONTAINER_USERID`, chooses where several containers match.
   */
  retrieveActionInfo(id: string | Uint8Array, userId?: string | Parameters): Promise<ServerActionInfo> {
    return throwing(async () => {
      const user =
        typeof userId === "string"
          ? userId
          : parametersOf(userId, [SDKConstants.CONTAINER_USERID]).get(SDKConstants.CONTAINER_USERID);
      return new ServerActionInfo(this.#device, await readReference(this.#device, textOf(id, "id"), user));
    });
  }

  retrieveTransactionInfo(id: string | Uint8Array, userId?: string | Parameters): Promise<ServerActionInfo> {
    return this.retrieveActionInfo(id, userId);
  }

  retrieveTransaction(id: string | Uint8Array, userId?: string | Parameters): Promise<ServerActionInfo> {
    return this.retrieveActionInfo(id, userId);
  }

  /** Of `SDKConstants.DEVICE_INFO_…`; empty where the platform did not say. */
  getDeviceInfo(name: string): Promise<string> {
    return throwing(async () => {
      const { info } = this.#device;
      const has = async (...states: readonly string[]) => String(states.includes(await this.#extras.biometry()));
      switch (name) {
        case SDKConstants.DEVICE_INFO_BRAND:
          return this.#extras.brand ?? "";
        case SDKConstants.DEVICE_INFO_MODEL:
          return info.model ?? "";
        case SDKConstants.DEVICE_INFO_NAME:
          return info.name ?? "";
        case SDKConstants.DEVICE_INFO_OS:
          return info.platform;
        case SDKConstants.DEVICE_INFO_OS_NAME:
          return this.#extras.osName ?? info.platform;
        case SDKConstants.DEVICE_INFO_OS_VERSION:
          return info.osVersion;
        case SDKConstants.DEVICE_INFO_KEYSTORE:
          return info.hardwareKeys ? "HARDWARE" : "SOFTWARE";
        case SDKConstants.DEVICE_INFO_FPCAPABLE:
          return has("CAPABLE", "ENROLLED");
        case SDKConstants.DEVICE_INFO_FPENROLLED:
          return has("ENROLLED");
        case SDKConstants.DEVICE_INFO_ISROOTED:
          return String(info.rooted === true);
        default:
          throw new InvalidParameterException("There is no such information about a device");
      }
    });
  }

  /** Forgets what was unlocked a short time ago, for example when the application goes to the background. */
  clearCache(): void {
    this.#extras.clearCache();
  }

  /** Of this library. */
  getVersion(): string {
    return version;
  }

  /** For every container that has none of its own; not stored. */
  setConnectionConfiguration(configuration: ConnectionConfiguration): void {
    this.#device.connect(undefined, connectionFrom(configuration));
  }
}

type Test = (state: ContainerState, container: Container) => boolean;

const filters = {
  [SDKConstants.CONTAINER_NAME]:
    (value: string): Test =>
    ({ name }) =>
      name === value,
  [SDKConstants.CONTAINER_URL]:
    (value: string): Test =>
    ({ iss }) =>
      iss === value.replace(/\/+$/, ""),
  [SDKConstants.CONTAINER_USERID]:
    (value: string): Test =>
    ({ user }) =>
      user === value,
  [SDKConstants.CONTAINER_EXPIRY_DATE]: (value: string): Test => {
    const at = dateOf(value, SDKConstants.CONTAINER_EXPIRY_DATE);
    return (_, { expiryDate }) => expiryDate !== null && expiryDate.getTime() <= at;
  },
  [SDKConstants.CONTAINER_CREATION_DATE]: (value: string): Test => {
    const at = dateOf(value, SDKConstants.CONTAINER_CREATION_DATE);
    return ({ createdAt }) => createdAt <= at;
  },
} as const;

function sourceOf(initialization: ContainerInitialization | null | undefined) {
  const { activationCode, userId, inviteCode, serverUrl } = initialization ?? {};
  const typed = [userId, inviteCode, serverUrl].filter((one) => one !== undefined).length;
  if (activationCode !== undefined && typed === 0) return textOf(activationCode, "activationCode");
  if (activationCode !== undefined || typed !== 3) {
    throw new InvalidParameterException("Give the activation code, or user id, invite code and server address");
  }
  return {
    userId: textOf(userId, "userId"),
    inviteCode: textOf(inviteCode, "inviteCode"),
    serverUrl: textOf(serverUrl, "serverUrl"),
  };
}
