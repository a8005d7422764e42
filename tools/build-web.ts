/**
 * `npm run pages`: builds the pages for people into `packages/web/dist`, those that are older than their sources. Also
 * done by `npm start` and before tests, so that nobody has to think of it. With `--brand DIR --out DIR`, all of them with a
 * bank's own brand.
 */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { brotliCompressSync, gzipSync } from "node:zlib";
import type { Plugin, Rolldown } from "vite";
import { workspace } from "./source.ts";
import { findUnusedMembers, leaveOut } from "./unused-members.ts";

export const pages = ["authenticator", "console", "demo"] as const;
export const builtPages: string = join(workspace, "packages/web/dist");

const sources = ["web", "client", "relying-party", "protocol"].map((name) => join(workspace, "packages", name));

/** Resolves when every page is as its sources are. */
export async function buildPages(): Promise<void> {
  const newest = Math.max(
    ...sources.map((folder) => newestIn(join(folder, "src"))),
    ...[...filesIn(join(workspace, "packages/web"), 0), join(workspace, "package-lock.json")].map(changed),
  );
  for (const page of pages) {
    if (changed(join(builtPages, page, "built")) < newest) await buildPage(page, builtPages);
  }
}

async function buildPage(page: (typeof pages)[number], out: string): Promise<void> {
  const { build } = await import("vite");
  const outDir = join(out, page);
  const configFile = join(workspace, "packages/web/vite.config.ts");
  const config = { configFile, mode: page, logLevel: "warn" } as const;
  const trial = (plugin: Plugin) => build({ ...config, plugins: [plugin], build: { write: false, minify: false } });
  const unused = await findUnusedMembers(trial as (plugin: Plugin) => Promise<Rolldown.RolldownOutput>);
  await build({ ...config, plugins: [leaveOut(unused)], build: { outDir } });
  compress(outDir);
  writeFileSync(join(outDir, "built"), "");
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

if (import.meta.main) {
  const { brand, out } = parseArgs({ options: { brand: { type: "string" }, out: { type: "string" } } }).values;
  if (brand === undefined) await buildPages();
  else {
    if (out === undefined) throw new Error("--brand needs --out: a folder for the pages");
    process.env["COUNTERSIGN_BRAND"] = resolve(brand);
    for (const page of pages) await buildPage(page, resolve(out));
  }
}
