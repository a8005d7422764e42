/**
 * A process with an embedded store, for tests that kill it or take its disk away. Commits events until it ends and says
 * on its standard output what was acknowledged: `ready`, then one line for each event, or the code it failed with.
 */
import { randomBytes } from "node:crypto";
import { openStore } from "../src/store/open.ts";
import { draft } from "./store-rows.ts";

const [dataDirectory = ""] = process.argv.slice(2);
const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

/** Written at once: what stays in a buffer would be lost with the process. */
function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  const { store } = await openStore({ kind: "sqlite", dataDirectory }, { tenant: "default", random });
  say("ready");
  const padding = "x".repeat(2_000);
  const writer = async (name: number): Promise<void> => {
    for (let at = 0; ; at++) {
      const event = { ...draft("operation.created", `${name}.${at}`), data: { padding } };
      await store.commit({ evaluate: () => ({ result: undefined, writes: { events: [event] } }) });
      say(`${name}.${at}`);
    }
  };
  const results = await Promise.allSettled(Array.from({ length: 8 }, (_, name) => writer(name)));
  for (const result of results) if (result.status === "rejected") say((result.reason as { code: string }).code);
  await store.close().catch((error: unknown) => say(`close: ${(error as { code: string }).code}`));
} catch (error) {
  say((error as { code: string }).code);
  process.exitCode = 1;
}
