/** A running server with a bank and devices around it, all over real HTTP: what end-to-end tests play in. */
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryStorage } from "@countersign/client/storage/memory";
import { PowerAuth, PowerAuthActivation, PowerAuthAuthentication } from "@countersign/client/mobile-token";
import { operationsClient, type OperationsClient } from "@countersign/relying-party/operations";
import { type RunningServer, serve, type ServeOptions } from "@countersign/server/main";
import { startPostgres } from "../tools/postgres.ts";

export type ConfigOfWorld = NonNullable<ServeOptions["config"]>;

export interface World {
  readonly server: RunningServer;
  readonly bank: OperationsClient;
  /** Of the API client behind `bank` and `backOffice`. */
  readonly credentials: { readonly clientId: string; readonly clientSecret: string };
  /** Mobile SDK configuration of the application. */
  readonly sdkConfiguration: string;
  /** `responseObject` of a `/rest/v3` call; throws with the server's code otherwise. */
  backOffice<T>(path: string, requestObject: object): Promise<T>;
  /** Answer of a `/v1` call. */
  // oxlint-disable-next-line no-explicit-any -- tests say what they expect of it
  v1(method: string, path: string, body?: object): Promise<any>;
  /** A device of this user, activated with the PIN. */
  device(userId: string, pin?: string, options?: DeviceOptions): Promise<PowerAuth>;
  close(): Promise<void>;
}

export interface DeviceOptions {
  /** Sees every request of the device, and may alter it. */
  readonly fetch?: typeof fetch;
}

export const application = "bank";
export const template = "payment";
export const pin = "2580";

const parameters = { amount: "1250.00", currency: "EUR", iban: "CZ2730300000001165254011", note: "Rent" };
export const payment = { template, parameters, applications: [application] };

export interface StoreOfWorld {
  readonly name: string;
  /** Undefined for the embedded store. */
  readonly url?: string;
  drop(): Promise<void>;
}

/** Both stores; PostgreSQL only where it is installed or named. */
export async function stores(): Promise<StoreOfWorld[]> {
  const sqlite: StoreOfWorld = { name: "sqlite", drop: async () => undefined };
  const cluster = await startPostgres();
  if (cluster === undefined) return [sqlite];
  const database = await cluster.createDatabase();
  const drop = async () => {
    await database.drop();
    await cluster.remove();
  };
  return [sqlite, { name: "postgres", url: database.url, drop }];
}

export async function openWorld(
  store: StoreOfWorld,
  config: ConfigOfWorld = {},
  serving: Pick<ServeOptions, "pages"> = {},
): Promise<World> {
  const dataDirectory = mkdtempSync(join(tmpdir(), "countersign-world-"));
  const server = await serve({
    dataDirectory,
    store: store.url,
    log: "silent",
    ...serving,
    config: { port: 0, privatePort: 0, ...config },
    environment: { COUNTERSIGN_MASTER_KEY: Buffer.alloc(32, 7).toString("base64") },
  });
  const { clientId, clientSecret } = JSON.parse(readFileSync(server.bootstrapPath, "utf8")) as World["credentials"];
  const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`;
  const backOffice = async <T>(path: string, requestObject: object): Promise<T> => {
    const response = await fetch(server.privateUrl + path, {
      method: "POST",
      headers: { "content-type": "application/json", authorization },
      body: JSON.stringify({ requestObject }),
    });
    const { status, responseObject } = (await response.json()) as {
      status: string;
      responseObject: T & { code?: string };
    };
    if (status !== "OK")
      throw Object.assign(new Error(`${path}: ${responseObject.code}`), { code: responseObject.code });
    return responseObject;
  };
  const v1 = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${server.privateUrl}/v1${path}`, {
      method,
      headers: { authorization, ...(body !== undefined && { "content-type": "application/json" }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.status === 204 ? undefined : response.json();
  };
  await backOffice("/rest/v3/application/create", { applicationId: application });
  const detail = await backOffice<{ versions: { mobileSdkConfig: string }[] }>("/rest/v3/application/detail", {
    applicationId: application,
  });
  const sdkConfiguration = detail.versions[0]!.mobileSdkConfig;
  await backOffice("/rest/v3/operation/template/create", {
    templateName: template,
    operationType: "payment",
    dataTemplate: "A1*A${amount}${currency}*I${iban}**N${note}",
    signatureType: ["POSSESSION_KNOWLEDGE", "POSSESSION_BIOMETRY"],
    maxFailureCount: 10,
    expiration: 300,
  });
  return {
    server,
    sdkConfiguration,
    backOffice,
    v1,
    credentials: { clientId, clientSecret },
    bank: operationsClient({ privateUrl: server.privateUrl, clientId, clientSecret }),
    device: (userId, devicePin = pin, options = {}) =>
      activate({ server, sdkConfiguration, backOffice }, userId, devicePin, options),
    async close() {
      await server.close();
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}

async function activate(
  world: Pick<World, "server" | "sdkConfiguration" | "backOffice">,
  userId: string,
  devicePin: string,
  options: DeviceOptions,
): Promise<PowerAuth> {
  const init = await world.backOffice<{ activationId: string; activationCode: string }>("/rest/v3/activation/init", {
    applicationId: application,
    userId,
  });
  const device = new PowerAuth(randomUUID());
  await device.configure(world.sdkConfiguration, world.server.publicUrl, true, {
    storage: createMemoryStorage(),
    ...(options.fetch !== undefined && { fetch: options.fetch }),
  });
  await device.createActivation(PowerAuthActivation.createWithActivationCode(init.activationCode, "Anna's phone"));
  await device.persistActivation(PowerAuthAuthentication.persistWithPassword(devicePin));
  await world.backOffice("/rest/v3/activation/commit", { activationId: init.activationId });
  return device;
}
