/** `countersign demo --keep-serving` as a process of its own, and the addresses that it prints for a browser. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { workspace } from "../../tools/source.ts";

export interface DemoProcess {
  readonly bank: string;
  readonly authenticator: string;
  readonly console: string;
  close(): Promise<void>;
}

export async function startDemo(): Promise<DemoProcess> {
  const data = mkdtempSync(join(tmpdir(), "countersign-demo-bank-"));
  const ports = ["--port", "0", "--private-port", "0", "--bank-port", "0"];
  const child = spawn(
    process.execPath,
    [
      "--conditions=@countersign/source",
      "packages/cli/src/main.ts",
      "demo",
      "--data",
      data,
      ...ports,
      "--keep-serving",
    ],
    { cwd: workspace, stdio: ["ignore", "pipe", "inherit"] },
  );
  const close = async () => {
    if (child.exitCode === null) {
      child.kill("SIGTERM");
      await once(child, "exit");
    }
    rmSync(data, { recursive: true, force: true });
  };
  try {
    const printed = await untilServing(child);
    const addressOf = (name: string) => new RegExp(`${name} +(http://\\S+)`).exec(printed)?.[1] ?? "";
    return {
      bank: addressOf("demo bank"),
      authenticator: addressOf("authenticator"),
      console: addressOf("console"),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function untilServing({ stdout }: ChildProcess): Promise<string> {
  let printed = "";
  for await (const part of stdout ?? []) {
    printed += String(part);
    if (printed.includes("Ctrl-C stops the server.")) return printed;
  }
  throw new Error(`The demo ended:\n${printed}`);
}
