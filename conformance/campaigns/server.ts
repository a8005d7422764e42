/** One server process: the real `countersign serve`, started, killed and started again on the same data. */
import { join, resolve } from "node:path";
import { type Child, lineOf, startChild } from "./children.ts";

const root = resolve(import.meta.dirname, "../..");
const cli = join(root, "packages/cli/src/main.ts");
const readyWithin = 60_000;
/** For a graceful stop, ms. */
const stopWithin = 20_000;

export interface Addresses {
  readonly public: string;
  readonly private: string;
  readonly bootstrap: string;
}

export interface Server {
  /** The addresses once it is ready; waits while it is down. Rejects when it ended by itself. */
  up(): Promise<Addresses>;
  /** Starts and waits for the ready line. Throws when the process ends before. */
  start(): Promise<Addresses>;
  /** From now on `up` waits. Resolves when the process is gone: false when a graceful stop took too long. */
  kill(signal?: NodeJS.Signals): Promise<boolean>;
  /** Everything that all its processes wrote to stderr, the last part of each. */
  log(): string;
  /** How the process ended by itself, while nobody killed it. */
  readonly died: string | undefined;
}

export interface ServerOptions {
  readonly dataDirectory: string;
  /** PostgreSQL's address; the embedded store when absent. */
  readonly store?: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
}

export function serverProcess(options: ServerOptions): Server {
  const args = ["--conditions=@countersign/source", cli, "serve", "--data", options.dataDirectory];
  args.push("--port", "0", "--private-port", "0");
  if (options.store !== undefined) args.push("--store", options.store);
  const env = {
    ...process.env,
    NODE_COMPILE_CACHE: join(root, "node_modules/.cache/countersign/compiled"),
    ...options.environment,
  };
  let child: Child | undefined;
  let ready = Promise.withResolvers<Addresses>();
  let past = "";
  let died: string | undefined;

  const watch = async (mine: Child): Promise<void> => {
    const how = await mine.ended;
    past += mine.errors();
    if (child !== mine) return;
    died = `a server ended by itself (${how}):\n${mine.errors()}`;
    ready = Promise.withResolvers();
    ready.promise.catch(() => undefined);
    ready.reject(new Error(died));
  };

  return {
    up: () => ready.promise,
    async start() {
      const mine = startChild(process.execPath, args, { cwd: root, env });
      child = mine;
      const line = await within(
        lineOf(mine, (text) => text.startsWith("{")),
        mine,
      );
      void watch(mine);
      const addresses = JSON.parse(line) as Addresses;
      ready.resolve(addresses);
      return addresses;
    },
    async kill(signal = "SIGKILL") {
      const mine = child;
      child = undefined;
      ready = Promise.withResolvers();
      let inTime = true;
      const timer = setTimeout(() => {
        inTime = false;
        mine?.process.kill("SIGKILL");
      }, stopWithin);
      await mine?.end(signal);
      clearTimeout(timer);
      return inTime;
    },
    log: () => past + (child?.errors() ?? ""),
    get died() {
      return died;
    },
  };
}

async function within(line: Promise<string>, child: Child): Promise<string> {
  const late = Promise.withResolvers<string>();
  const timer = setTimeout(() => late.reject(new Error(`Not ready in time:\n${child.errors()}`)), readyWithin);
  try {
    return await Promise.race([line, late.promise]);
  } catch (error) {
    await child.end("SIGKILL");
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
