/**
 * Loaded before a server (`--import`, also in its worker threads): changes sources as they are read, by the edits in
 * COUNTERSIGN_PLANTED. Adds a line to the file COUNTERSIGN_PLANTED_LOG for each edit it made, so that a fault in a file
 * that nobody loaded shows.
 */
import { appendFileSync } from "node:fs";
import { registerHooks } from "node:module";
import type { Edit } from "./faults.ts";

const planted = JSON.parse(process.env["COUNTERSIGN_PLANTED"] ?? "[]") as readonly Edit[];
const log = process.env["COUNTERSIGN_PLANTED_LOG"] ?? "";

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const edits = planted.filter(({ file }) => url.endsWith(`/packages/${file}`));
    if (edits.length === 0) return loaded;
    let source = typeof loaded.source === "string" ? loaded.source : new TextDecoder().decode(loaded.source);
    for (const { file, find, replace } of edits) {
      if (source.split(find).length !== 2) throw new Error(`The fault is broken: ${file} has changed`);
      source = source.replace(find, () => replace);
      appendFileSync(log, `${find}\n`);
    }
    return { ...loaded, source };
  },
});
