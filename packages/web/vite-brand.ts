/** Puts a bank's files in place of ours: `brand.ts` and `brand.css` of its folder, and what is in its `public`. */
import { cpSync, existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { UserConfig } from "vite";

/** `folder` is absolute. Files that it does not have stay ours. */
export function withBrand(folder: string, publicDir: string): Pick<UserConfig, "publicDir" | "resolve"> {
  const given = ["brand.ts", "brand.css"].filter((name) => existsSync(join(folder, name)));
  const alias = given.map((name) => ({
    find: new RegExp(`^.*/brand/${name.replace(".", "\\.")}$`),
    replacement: join(folder, name),
  }));
  const own = join(folder, "public");
  if (!existsSync(own)) return { resolve: { alias } };
  const both = mkdtempSync(join(tmpdir(), "countersign-brand-"));
  for (const one of [publicDir, own]) cpSync(one, both, { recursive: true });
  return { publicDir: both, resolve: { alias } };
}
