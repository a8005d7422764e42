/** Tells the service worker which files make up the page, and a version that changes with any of them. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin, Rolldown } from "vite";

const worker = "service-worker.js";

export function listFilesForWorker(): Plugin {
  let publicDir = "";
  return {
    name: "list-files-for-worker",
    apply: "build",
    // After the page itself was emitted.
    enforce: "post",
    configResolved: (config) => void (publicDir = config.publicDir),
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const chunk = bundle[worker];
        if (chunk?.type !== "chunk") throw new Error("The page has no service worker");
        const made = Object.values(bundle).filter(({ fileName }) => fileName !== worker);
        const given = existsSync(publicDir) ? readdirSync(publicDir) : [];
        const hash = createHash("sha256").update(chunk.code);
        for (const one of made) hash.update(one.fileName).update(contentOf(one));
        for (const name of given) hash.update(name).update(readFileSync(join(publicDir, name)));
        const files = [...made.map(({ fileName }) => fileName), ...given].toSorted();
        chunk.code = chunk.code
          .replace("WORKER_FILES", () => JSON.stringify(files))
          .replace("WORKER_VERSION", () => JSON.stringify(hash.digest("hex").slice(0, 16)));
      },
    },
  };
}

function contentOf(one: Rolldown.OutputChunk | Rolldown.OutputAsset): string | Uint8Array {
  return one.type === "chunk" ? one.code : one.source;
}
