/** OpenID banks whose servers are processes that can be killed: set up here, then served by children on the same ports. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import type { ChildSetup } from "./oidc-child.ts";
import { type OidcBank, startOidcBank } from "./oidc-bank.ts";
import { authorityFile, reachable } from "./oidc-receiver.ts";
import type { TestStore } from "./stores.ts";

/** One server process. */
export interface ServerChild {
  /** Dies after its n-th commit from now; 0 for never. */
  arm(n: number): Promise<void>;
  /** Whether it is gone. */
  dead(): boolean;
  readonly gone: Promise<unknown>;
  kill(): Promise<void>;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** `prepare` runs on a server of this process, on the data that the children serve afterwards. */
export async function bankOfProcesses<T>(store: TestStore, prepare: (oidc: OidcBank) => Promise<T>) {
  const ports = { port: await freePort(), privatePort: await freePort() };
  const config = { ...reachable, ...ports, publicUrl: `http://127.0.0.1:${ports.port}` };
  const oidc = await startOidcBank(store, config);
  const prepared = await prepare(oidc);
  await oidc.close();
  return {
    oidc,
    prepared,
    /** Serves at the addresses that `oidc` calls, unless other ports are given. */
    async start(other: { readonly port?: number; readonly privatePort?: number } = {}): Promise<ServerChild> {
      const setup: ChildSetup = {
        location: store.location,
        masterKey: store.masterKey,
        config: { ...config, ...other },
      };
      return startChild(setup);
    },
  };
}

async function startChild(setup: ChildSetup): Promise<ServerChild> {
  const child: ChildProcess = fork(join(import.meta.dirname, "oidc-child.ts"), [JSON.stringify(setup)], {
    execArgv: ["--conditions=@countersign/source"],
    env: { ...process.env, NODE_EXTRA_CA_CERTS: authorityFile() },
  });
  const end = () => void child.kill("SIGKILL");
  process.once("exit", end);
  const gone = once(child, "exit").then(() => process.off("exit", end));
  const [first] = (await Promise.race([once(child, "message"), gone.then(() => ["gone"])])) as [string];
  if (first !== "ready") throw new Error("A server process ended before it was ready");
  return {
    async arm(n) {
      const armed = once(child, "message");
      child.send(n);
      await armed;
    },
    dead: () => child.exitCode !== null || child.signalCode !== null,
    gone,
    async kill() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
      await gone;
    },
  };
}
