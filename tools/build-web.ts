/**
 * `npm run pages`: builds the pages for people into `packages/web/dist`, those that are older than their sources. Also
 * done by `npm start` and before tests, so that nobody has to think of it.
 */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { workspace } from "./source.ts";

export const pages = ["authenticator", "console", "demo"] as const;
export const builtPages: string = join(workspace, "packages/web/dist");

const sources = ["web", "client", "relying-party", "protocol"].map((name) => join(workspace, "packages", name));

/** Resolves when every page is as its sources are. */
export async function buildPages(): Promise<void> {
  const newest = Math.max(
    ...sources.map((folder) => newestIn(join(folder, "src"))),
    ...[...filesIn(join(workspace, "packages/web"), 0), join(workspace, "package-lock.json")].map(changed),
  );
  const stale = pages.filter((page) => changed(join(builtPages, page, "built")) < newest);
  if (stale.length === 0) return;
  const { build } = await import("vite");
  for (const page of stale) {
    await build({ configFile: join(workspace, "packages/web/vite.config.ts"), mode: page, logLevel: "warn" });
    compress(join(builtPages, page));
    writeFileSync(join(builtPages, page, "built"), "");
  }
}

function changed(file: string): number {
  return existsSync(file) ? statSync(file).mtimeMs : 0;
}

function newestIn(folder: string): number {
  return Math.max(0, ...filesIn(folder).map(changed));
}

function filesIn(folder: string, depth = Infinity): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return depth > 0 ? filesIn(path, depth - 1) : [];
    return [path];
  });
}

/** Beside each text its compressed forms, which the server gives to whoever takes them. */
function compress(folder: string): void {
  for (const file of filesIn(folder).filter((path) => /\.(html|js|css|svg|json|webmanifest)$/.test(path))) {
    const bytes = readFileSync(file);
    writeFileSync(`${file}.br`, brotliCompressSync(bytes));
    writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
  }
}

if (import.meta.main) await buildPages();
