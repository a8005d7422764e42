/**
 * A server process that can be told to die: after its n-th commit from now it is gone, before anybody hears of that
 * commit. Claims of the outbox by an earlier life are over at its start: nobody waits for the minute that takes.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "typebox/value";
import { type Config, configSchema } from "../src/config.ts";
import { createLog } from "../src/log.ts";
import { createServer } from "../src/server.ts";
import { openStore, type StoreLocation } from "../src/store/open.ts";
import { random } from "./device.ts";

export interface ChildSetup {
  readonly location: StoreLocation;
  readonly masterKey: string;
  readonly config: Partial<Config>;
}

const { location, masterKey, config } = JSON.parse(process.argv[2] ?? "") as ChildSetup;
let left = Infinity;

function counted<A extends unknown[], R>(work: (...args: A) => Promise<R>) {
  return async (...args: A): Promise<R> => {
    const result = await work(...args);
    left -= 1;
    if (left > 0) return result;
    process.kill(process.pid, "SIGKILL");
    return new Promise(() => undefined);
  };
}

const opened = await openStore(location, { tenant: "default", random, masterKey });
await opened.store.transaction(({ db }) => db.updateTable("outbox").set({ locked_until: 0 }).execute());
const store = Object.assign(Object.create(opened.store) as typeof opened.store, {
  commit: counted((command: never) => opened.store.commit(command)),
  transaction: counted((work: never) => opened.store.transaction(work)),
});
await createServer({
  config: Value.Default(configSchema, { refusalsPerMinute: 1_000_000, sweepSeconds: 3600, ...config }) as Config,
  opened: { ...opened, store },
  dataDirectory: mkdtempSync(join(tmpdir(), "countersign-child-")),
  random,
  log: createLog("silent"),
});
process.on("message", (n: number) => {
  left = n === 0 ? Infinity : n;
  process.send?.("armed");
});
process.send?.("ready");
