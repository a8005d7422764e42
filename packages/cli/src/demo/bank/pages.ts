/** The bank's built page, held in memory: what was not there at the start cannot be asked for. */
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";

export interface PageFile {
  readonly bytes: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** By path below the page's address; its first page is the empty one. */
export function readPages(folder: string): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>();
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const [path, type] = [join(entry.parentPath, entry.name), types[extname(entry.name)]];
    if (!entry.isFile() || type === undefined) continue;
    const name = path.slice(folder.length + 1).replaceAll("\\", "/");
    const cached = name.startsWith("assets/") ? "public, max-age=31536000, immutable" : "no-cache";
    files.set(name === "index.html" ? "" : name, {
      bytes: readFileSync(path),
      headers: { "content-type": type, "cache-control": cached },
    });
  }
  return files;
}
