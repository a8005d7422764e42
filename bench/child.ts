/** Processes that a bench measures: started, waited for until they say their first JSON line, stopped. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface Child<T> {
  readonly pid: number;
  readonly ready: T;
  stop(): Promise<void>;
}

/** Runs a TypeScript file of this workspace with the Node that runs us. Rejects when it ends before its ready line. */
export async function startChild<T>(
  file: string,
  args: readonly string[] = [],
  environment: Record<string, string> = {},
): Promise<Child<T>> {
  const child = spawn(process.execPath, ["--conditions=@countersign/source", file, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...environment },
  });
  const killWithUs = () => void child.kill("SIGKILL");
  process.once("exit", killWithUs);
  child.once("exit", () => process.off("exit", killWithUs));
  const ready = await firstJsonLine<T>(child);
  return {
    pid: child.pid as number,
    ready,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
    },
  };
}

function firstJsonLine<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`Process ended with ${code} before it was ready`)));
    child.once("error", reject);
    createInterface({ input: child.stdout! }).on("line", (line) => {
      if (line.startsWith("{")) resolve(JSON.parse(line) as T);
    });
  });
}
