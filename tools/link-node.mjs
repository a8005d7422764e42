/**
 * After `npm ci`: puts back `node_modules/.bin/node`. npm before version 11 removes it together with the packages of
 * other platforms, which carry a program of the same name. Runs under whatever Node npm found.
 */
import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";

const modules = join(process.cwd(), "node_modules");
const program = join(`node-${process.platform}-${process.arch}`, "bin", "node");
const link = join(modules, ".bin", "node");
if (process.platform !== "win32" && existsSync(join(modules, program)) && !existsSync(link)) {
  mkdirSync(join(modules, ".bin"), { recursive: true });
  symlinkSync(join("..", program), link);
}
