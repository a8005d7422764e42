/** What a campaign runs against: server processes on one store, with an app, a bank and devices prepared. */
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type App, type Bank, bankAt, prepareApp, readCredentials } from "./bank.ts";
import { activate, type Device } from "./device.ts";
import { type Server, serverProcess } from "./server.ts";
import { forgetfulDisk } from "./shim.ts";
import { removeFolder, temporaryFolder } from "./temporary.ts";

export type StoreName = "sqlite" | "postgres";

export interface FleetOptions {
  /** Processes on the same data: PostgreSQL takes several, the embedded store one. */
  readonly processes: number;
  /** PostgreSQL's address; the embedded store when absent. */
  readonly store?: string | undefined;
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Makes the disk of the embedded store slow. */
  readonly syncMicroseconds?: number | undefined;
  /** Absolute path of the first process's data; a temporary one when absent. */
  readonly dataDirectory?: string | undefined;
}

export interface Fleet {
  readonly servers: readonly Server[];
  readonly store: string | undefined;
  /** Data of the first process. */
  readonly dataDirectory: string;
  /** Needed to read what is sealed or signed: the environment of the processes. */
  readonly environment: Readonly<Record<string, string>>;
  readonly bank: Bank;
  /** The bank's connection to one process. */
  bankOf(server: Server): Bank;
  readonly app: App;
  device(userId: string): Promise<Device>;
  /** Kills what runs and removes the data. */
  close(): Promise<void>;
}

export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const base = temporaryFolder("campaign");
  const directories = Array.from({ length: options.processes }, (_, at) => join(base, `data-${at}`));
  if (options.dataDirectory !== undefined) directories[0] = options.dataDirectory;
  const slow =
    options.syncMicroseconds === undefined ? {} : forgetfulDisk(directories[0]!, options.syncMicroseconds).environment;
  // With PostgreSQL the key comes from outside; the embedded store makes its own, and must keep it.
  const environment = {
    ...(options.store !== undefined && { COUNTERSIGN_MASTER_KEY: randomBytes(32).toString("base64") }),
    ...slow,
    ...options.environment,
  };
  const servers = directories.map((dataDirectory) => {
    mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
    return serverProcess({ dataDirectory, store: options.store, environment });
  });
  const [first] = servers as [Server, ...Server[]];
  const close = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.kill()));
    removeFolder(base);
  };
  try {
    // The first start makes the tables and the credentials; the others find them.
    const { bootstrap } = await first.start();
    const credentials = readCredentials(bootstrap);
    await Promise.all(servers.slice(1).map((server) => server.start()));
    const bankOf = (server: Server): Bank => bankAt(async () => (await server.up()).private, credentials);
    const bank = bankOf(first);
    const app = await prepareApp(bank, "bank");
    return {
      servers,
      store: options.store,
      dataDirectory: directories[0]!,
      environment,
      bank,
      bankOf,
      app,
      device: async (userId) => activate((await first.up()).public, bank, app, userId),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
