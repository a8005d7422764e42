/**
 * The disk that forgets (power-loss-shim.c) as the campaigns use it: built when it is missing or older than its source,
 * put under a process by its environment, and asked for what a power cut would have left. `node shim.ts` only builds.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

const source = join(import.meta.dirname, "power-loss-shim.c");
const cache = resolve(import.meta.dirname, "../../node_modules/.cache/countersign");

/** Why there is no such disk here; undefined where there is. */
export function whyNoShim(): string | undefined {
  if (process.platform !== "linux") return "power cuts of a disk: only on Linux";
  return spawnSync("cc", ["--version"]).status === 0 ? undefined : "C compiler: not found";
}

/** Path of the built library. Throws when there is no C compiler. */
export function buildShim(): string {
  const library = join(cache, "power-loss-shim.so");
  if (existsSync(library) && statSync(library).mtimeMs >= statSync(source).mtimeMs) return library;
  mkdirSync(cache, { recursive: true });
  const made = `${library}.${process.pid}`;
  execFileSync("cc", ["-Wall", "-Wextra", "-O2", "-shared", "-fPIC", "-o", made, source], { stdio: "inherit" });
  renameSync(made, library);
  return library;
}

export interface ForgetfulDisk {
  /** What a process needs in its environment to write to this disk. */
  readonly environment: Readonly<Record<string, string>>;
  /** Puts every file of the directory back to its last sync. Nobody may have it open. */
  cutPower(): void;
}

/** `directory` holds what is durable so far; it must be absolute. A sync takes `syncMicroseconds`. */
export function forgetfulDisk(directory: string, syncMicroseconds = 0): ForgetfulDisk {
  const shadow = `${directory}.durable`;
  rmSync(shadow, { recursive: true, force: true });
  mkdirSync(shadow, { recursive: true });
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  copyFiles(directory, shadow);
  return {
    environment: {
      LD_PRELOAD: buildShim(),
      COUNTERSIGN_POWER_DATA: directory,
      COUNTERSIGN_POWER_SHADOW: shadow,
      COUNTERSIGN_POWER_SYNC_US: String(syncMicroseconds),
    },
    cutPower() {
      for (const { name } of filesIn(directory)) rmSync(join(directory, name));
      copyFiles(shadow, directory);
    },
  };
}

function filesIn(directory: string) {
  return readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isFile());
}

function copyFiles(from: string, to: string): void {
  for (const { name } of filesIn(from)) {
    if (!name.endsWith("-shm")) copyFileSync(join(from, name), join(to, name));
  }
}

if (import.meta.main) console.log(buildShim());
