/**
 * Loaded before a server (`--import`, also in its worker threads): changes sources as they are read, as the fault named
 * by COUNTERSIGN_PLANTED says. Adds a line to the file COUNTERSIGN_PLANTED_LOG for each edit it made, so that a fault in
 * a file that nobody loaded shows.
 */
import { appendFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { faults } from "./faults.ts";

const name = process.env["COUNTERSIGN_PLANTED"] ?? "";
const log = process.env["COUNTERSIGN_PLANTED_LOG"] ?? "";
const fault = faults[name];
if (fault === undefined) throw new Error(`There is no fault "${name}"`);

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const edits = fault.edits.filter(({ file }) => url.endsWith(`/packages/${file}`));
    if (edits.length === 0) return loaded;
    let source = typeof loaded.source === "string" ? loaded.source : new TextDecoder().decode(loaded.source);
    for (const { file, find, replace } of edits) {
      if (source.split(find).length !== 2) throw new Error(`The fault "${name}" is broken: ${file} has changed`);
      source = source.replace(find, () => replace);
      appendFileSync(log, `${find}\n`);
    }
    return { ...loaded, source };
  },
});
