/** Devices whose network and biometry a test holds in its hands, at a running server. */
import { randomUUID } from "node:crypto";
import {
  BiometryFailure,
  PowerAuth,
  PowerAuthActivation,
  PowerAuthAuthentication,
  type BiometryProvider,
  type Environment,
} from "@countersign/client/mobile-token";
import { createMemoryStorage } from "@countersign/client/storage/memory";
import { application, openWorld, pin, type StoreOfWorld, type World } from "../world.ts";

export interface Sent {
  readonly url: string;
  readonly init: RequestInit;
}

/** Remembers what went out, and sends any of it again exactly as it was. */
export function recordingNetwork() {
  const sent: Sent[] = [];
  return {
    fetch: (async (url: string, init: RequestInit) => {
      sent.push({ url, init: { ...init, signal: null } });
      return fetch(url, init);
    }) as typeof fetch,
    last: (path: string) => {
      const found = sent.findLast(({ url }) => url.endsWith(path));
      if (found === undefined) throw new Error(`Nothing was sent to ${path}`);
      return found;
    },
    count: () => sent.length,
  };
}

export async function sendAgain({ url, init }: Sent): Promise<{ readonly status: number; readonly code: unknown }> {
  const response = await fetch(url, init);
  const body = (await response.json()) as { responseObject?: { code?: unknown } };
  return { status: response.status, code: body.responseObject?.code };
}

/** Releases its keys to whoever asks. */
export class Fingers implements BiometryProvider {
  readonly keys = new Map<string, Uint8Array>();
  prompts = 0;

  async info() {
    return { isAvailable: true, biometryType: "FINGERPRINT", canAuthenticate: "OK" } as const;
  }

  async has(name: string) {
    return this.keys.has(name);
  }

  async store(name: string, key: Uint8Array) {
    this.keys.set(name, key.slice());
  }

  async load(name: string) {
    this.prompts++;
    const key = this.keys.get(name);
    if (key === undefined) throw new BiometryFailure("NOT_CONFIGURED");
    return key.slice();
  }

  async remove(name: string) {
    this.keys.delete(name);
  }
}

export type Lab = Awaited<ReturnType<typeof openLab>>;
export type LabDevice = Awaited<ReturnType<Lab["device"]>>;

export async function openLab(store: StoreOfWorld, config?: Parameters<typeof openWorld>[1]) {
  const world = await openWorld(store, config);
  return { world, device: (options: DeviceOptions = {}) => labDevice(world, options), close: () => world.close() };
}

export interface DeviceOptions {
  readonly userId?: string;
  readonly environment?: Environment;
  /** Stops after `configure`. */
  readonly onlyConfigured?: boolean;
  readonly withBiometry?: boolean;
}

async function labDevice(world: World, options: DeviceOptions) {
  const { userId = randomUUID(), environment = {} } = options;
  const network = recordingNetwork();
  const storage = createMemoryStorage();
  const fingers = new Fingers();
  const powerAuth = new PowerAuth(randomUUID());
  await powerAuth.configure(world.sdkConfiguration, world.server.publicUrl, true, {
    storage,
    fetch: network.fetch,
    biometryProvider: fingers,
    ...environment,
  });
  const request = { applicationId: application, userId };
  const init = await world.backOffice<{ activationId: string; activationCode: string; activationSignature: string }>(
    "/rest/v3/activation/init",
    request,
  );
  if (options.onlyConfigured !== true) {
    await powerAuth.createActivation(PowerAuthActivation.createWithActivationCode(init.activationCode, "Phone"));
    await powerAuth.persistActivation(
      options.withBiometry === true
        ? PowerAuthAuthentication.persistWithPasswordAndBiometry(pin, { promptMessage: "?" })
        : PowerAuthAuthentication.persistWithPassword(pin),
    );
    await world.backOffice("/rest/v3/activation/commit", { activationId: init.activationId });
  }
  const { activationId } = init;
  return {
    powerAuth,
    userId,
    network,
    storage,
    fingers,
    ...init,
    block: () => world.backOffice("/rest/v3/activation/block", { activationId, reason: "LOST" }),
    unblock: () => world.backOffice("/rest/v3/activation/unblock", { activationId }),
    onServer: () => world.backOffice<{ activationStatus: string }>("/rest/v3/activation/status", { activationId }),
  };
}

export const withPin = (password = pin) => PowerAuthAuthentication.password(password);
export const byBiometry = () => PowerAuthAuthentication.biometry({ promptMessage: "Pay?", promptTitle: "Bank" });
export const possession = () => PowerAuthAuthentication.possession();
