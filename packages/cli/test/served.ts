/** A server for tests, started as users start it: `countersign serve` in a process of its own. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

const main = join(import.meta.dirname, "../src/main.ts");

export interface Served {
  readonly process: ChildProcess;
  readonly publicUrl: string;
  readonly privateUrl: string;
  readonly bootstrap: string;
  /** Everything it wrote to standard output, line by line. */
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  /** Resolves with its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Nothing of ours but what finds programs and keeps what was compiled before. */
export function bareEnvironment(home: string): Record<string, string> {
  const { PATH = "", NODE_COMPILE_CACHE: compiled } = process.env;
  return { PATH, HOME: home, ...(compiled !== undefined && { NODE_COMPILE_CACHE: compiled }) };
}

/** Resolves when the ready line is there. Throws with what it wrote to standard error when it ends before that. */
export async function serveForTest(
  data: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<Served> {
  const all = ["serve", "--data", data, "--port", "0", "--private-port", "0", ...args];
  const child = spawn(process.execPath, ["--conditions=@countersign/source", main, ...all], {
    env: { ...bareEnvironment(data), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "close").then(([code]) => code as number | null);
  const stdout: string[] = [];
  const stderr: string[] = [];
  createInterface(child.stderr).on("line", (line) => stderr.push(line));
  const ready = new Promise<string>((resolve) => {
    createInterface(child.stdout).on("line", (line) => {
      stdout.push(line);
      if (line.startsWith("{")) resolve(line);
    });
  });
  const first = await Promise.race([ready, exited]);
  if (typeof first !== "string") throw new Error(`serve ended with ${first}: ${stderr.join("\n")}`);
  const { public: publicUrl, private: privateUrl, bootstrap } = JSON.parse(first) as Record<string, string>;
  if (publicUrl === undefined || privateUrl === undefined || bootstrap === undefined) throw new Error(first);
  return {
    process: child,
    publicUrl,
    privateUrl,
    bootstrap,
    stdout,
    stderr,
    stop(signal = "SIGTERM") {
      child.kill(signal);
      return exited;
    },
  };
}
