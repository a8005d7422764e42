/** A running server with an application for Approve devices, and such devices around it, all over real HTTP. */
import {
  ConnectionConfiguration,
  type Container,
  ContainerInitialization,
  type Device,
  type DeviceContext,
  DeviceFactory,
  type EventListener,
  EventResult,
  PasswordPromptResult,
} from "@countersign/client/approve";
import { after, before } from "node:test";
import { createMemoryStorage } from "@countersign/client/storage/memory";
import { application, type ConfigOfWorld, openWorld, type StoreOfWorld, template, type World } from "../world.ts";

export const deviceType = "phone";
export const password = "correct horse 42";
/** A guess costs next to nothing: what it costs is tested elsewhere. */
const passwordCost = { memory: 8, passes: 1 };

export const bytes = (text: string) => new TextEncoder().encode(text);

/** Answers every prompt with this password. */
export function typing(text = password): EventListener {
  return {
    onEventReceived() {
      const result = new PasswordPromptResult(EventResult.Code.Continue);
      result.setPassword(bytes(text));
      return result;
    },
  };
}

export const closing: EventListener = { onEventReceived: () => new EventResult(EventResult.Code.Cancel) };

export interface ApproveWorld extends World {
  readonly url: string;
  offer(userId: string, more?: object): Promise<{ id: string; offer: string; inviteCode?: string }>;
  /** Body of a new transaction. */
  payment(more: object): object;
  /** Id of a pending operation of this user. */
  operation(userId: string, more?: object): Promise<string>;
  statusOf(id: string): Promise<string>;
  /** A user that no other test has. */
  userOf(): string;
  /** Changes the device type; what is not named has its default. */
  deviceType(more?: object, id?: string): Promise<void>;
}

export async function openApproveWorld(store: StoreOfWorld, config: ConfigOfWorld = {}): Promise<ApproveWorld> {
  const world = await openWorld(store, config);
  const type = async (more: object = {}, id = deviceType) => {
    await world.v1("PUT", `/device-types/${id}`, { applicationId: application, ...more });
  };
  await type();
  let users = 0;
  return {
    ...world,
    url: world.server.publicUrl,
    offer: (userId, more = {}) => world.v1("POST", "/offers", { userId, deviceType, ...more }),
    payment,
    operation: async (userId, more = {}) =>
      (await world.v1("POST", "/operations", payment({ userId, ...more }))).id as string,
    statusOf: async (id) => (await world.v1("GET", `/operations/${id}`)).status as string,
    userOf: () => `user ${++users}`,
    deviceType: type,
  };
}

/** For a suite: the world is there from its first test to its last, and the store goes with it. */
export function worldOn(store: StoreOfWorld): ApproveWorld {
  const world = {} as ApproveWorld;
  before(async () => Object.assign(world, await openApproveWorld(store)));
  after(async () => {
    await world.close();
    await store.drop();
  });
  return world;
}

function payment(more: object): object {
  const parameters = { amount: "1250.00", currency: "EUR", iban: "CZ2730300000001165254011", note: "Rent" };
  return { template, applications: [application], parameters, ...more };
}

/** A network that can be cut. */
export function cut() {
  const network = {
    isCut: false,
    async fetch(url: string, init: RequestInit): Promise<Response> {
      if (network.isCut) throw new TypeError("The network is cut");
      return fetch(url, init);
    },
  };
  return network;
}

export function contextOf(more: Partial<DeviceContext> = {}): DeviceContext {
  return { storage: createMemoryStorage(), platform: "node", osVersion: "24.0", passwordCost, ...more };
}

export function deviceOf(
  more: Partial<DeviceContext> = {},
  fetch?: (url: string, init: RequestInit) => Promise<Response>,
): Promise<Device> {
  return DeviceFactory.getDevice(contextOf(more), new ConnectionConfiguration({ timeout: 10_000, fetch }));
}

export async function enrolled(world: ApproveWorld, device: Device, userId: string): Promise<Container> {
  const { offer } = await world.offer(userId);
  return device.createContainer(new ContainerInitialization({ activationCode: offer, name: "Phone" }), null, typing());
}
