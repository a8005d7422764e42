/** Processes that a campaign starts: none of them outlives it. */
import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";

const running = new Set<ChildProcess>();

process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(130));

export interface Child {
  readonly process: ChildProcess;
  /** What it wrote to stderr, at most the last 100 kB. */
  errors(): string;
  /** Resolves when it is gone, with its exit code or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** Sends the signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals>;
}

export function startChild(command: string, args: readonly string[], options: SpawnOptions = {}): Child {
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  let errors = "";
  child.stderr?.on("data", (part: Buffer) => (errors = (errors + part.toString("utf8")).slice(-100_000)));
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      running.delete(child);
      resolve(signal ?? code ?? -1);
    });
  });
  // Whoever waits for the end sees the error; nobody else has to.
  ended.catch(() => undefined);
  return {
    process: child,
    errors: () => errors,
    ended,
    end(signal) {
      child.kill(signal);
      return ended;
    },
  };
}

/** The first line that `accept` takes. Rejects when the child ends before. */
export function lineOf(
  child: Child,
  accept: (line: string) => boolean,
  stream: "stdout" | "stderr" = "stdout",
): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    let found = false;
    child.process[stream]?.on("data", (part: Buffer) => {
      if (found) return;
      text += part.toString("utf8");
      const line = text.split("\n").slice(0, -1).find(accept);
      if (line === undefined) return;
      found = true;
      text = "";
      resolve(line);
    });
    child.ended.then(
      (how) => reject(new Error(`The process ended (${how}) before it was ready:\n${child.errors()}`)),
      reject,
    );
  });
}

/** Runs to the end. Rejects unless it exits with 0. */
export async function runChild(command: string, args: readonly string[], options: SpawnOptions = {}): Promise<string> {
  const child = startChild(command, args, options);
  const parts: Buffer[] = [];
  child.process.stdout?.on("data", (part: Buffer) => parts.push(part));
  const how = await child.ended;
  if (how === 0) return Buffer.concat(parts).toString("utf8");
  throw new Error(`${command} ended with ${how}:\n${child.errors()}`);
}
