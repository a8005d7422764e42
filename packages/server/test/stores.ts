/** Placeholder until the store's own: SQLite only. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore, type OpenedStore } from "../src/store/open.ts";
import { random } from "./device.ts";

export function forEachStore(tests: (kind: "sqlite" | "postgres", open: () => Promise<OpenedStore>) => void): void {
  tests("sqlite", async () => {
    const dataDirectory = await mkdtemp(join(tmpdir(), "countersign-"));
    const opened = await openStore({ kind: "sqlite", dataDirectory }, { tenant: "default", random });
    return { ...opened, close: async () => { await opened.close(); await rm(dataDirectory, { recursive: true }); } };
  });
}
