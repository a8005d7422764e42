/** `countersign demo`: a server of its own and one payment, approved and proved, over real HTTP in this process. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { type Context, writes } from "../command.ts";
import { type Connection, readBootstrap } from "../connection.ts";
import { exitCodes } from "../exit-codes.ts";
import { Failure } from "../failure.ts";
import { wholeNumber } from "../options.ts";
import { untilStopped } from "../stop.ts";
import type { Terminal } from "../terminal.ts";
import { start } from "./serve.ts";

interface DemoOptions {
  readonly data?: string;
  readonly store?: string;
  readonly port?: number;
  readonly privatePort?: number;
  readonly keepServing?: boolean;
  readonly json?: boolean;
}

export function demoCommand(program: Command, context: Context): void {
  const command = program
    .command("demo")
    .description("see a payment approved and proved, step by step, with real requests")
    .option("--data <dir>", "keep server and device there; a temporary directory when not given")
    .option("--store <url>", "postgres://… instead of the embedded store; needs COUNTERSIGN_MASTER_KEY")
    .option("--port <n>", "public port, 0 for any (8080 with --data, else any)", wholeNumber)
    .option("--private-port <n>", "private port, 0 for any (8081 with --data, else any)", wholeNumber)
    .option("--keep-serving", "go on serving, and tell how to continue by hand")
    .option("--json", "print one JSON document at the end; the story goes to standard error");
  writes<DemoOptions>(context, command, (options) => demo(context.terminal, options));
}

async function demo(terminal: Terminal, options: DemoOptions): Promise<number> {
  // Heard from the first moment on, so that Ctrl-C in the middle stops the server and leaves no directory behind.
  const stopped = untilStopped();
  const directory = options.data ?? mkdtempSync(join(tmpdir(), "countersign-demo-"));
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  try {
    return await demoIn(directory, terminal, options, stopped);
  } finally {
    if (options.data === undefined) rmSync(directory, { recursive: true, force: true });
  }
}

async function demoIn(
  directory: string,
  terminal: Terminal,
  options: DemoOptions,
  stopped: Promise<NodeJS.Signals>,
): Promise<number> {
  const server = await startOnPorts(terminal, options, directory);
  try {
    const recorded = bootstrapOf(server.bootstrapPath, options.store !== undefined);
    const connection = { ...recorded, privateUrl: server.privateUrl };
    const result = await Promise.race([tell(directory, terminal, options, connection, server.publicUrl), stopped]);
    if (typeof result === "string") throw new Failure("interrupted", "interrupted", "Stopped.");
    if (options.json === true) terminal.stdout.write(`${JSON.stringify(result)}\n`);
    if (options.keepServing === true) {
      const { howToGoOn } = await import("../demo/go-on.ts");
      const serving = { ...server, recordedPrivateUrl: recorded.privateUrl, directory };
      const stream = options.json === true ? terminal.stderr : terminal.stdout;
      stream.write(`\n${howToGoOn(serving, terminal.env)}\n`);
      await stopped;
    }
    if (result.decision !== "APPROVED") return exitCodes.failed.code;
    return result.receiptVerified && result.auditVerified ? exitCodes.ok.code : exitCodes.notVerified.code;
  } finally {
    await server.close();
  }
}

interface DemoResult {
  readonly operationId: string;
  readonly decision: string;
  readonly receiptVerified: boolean;
  readonly auditVerified: boolean;
}

async function tell(
  directory: string,
  terminal: Terminal,
  { json, store }: DemoOptions,
  connection: Connection,
  publicUrl: string,
): Promise<DemoResult> {
  const [{ tellStory }, { gather, names }, { play }, { recorder }] = await Promise.all([
    import("../demo/story.ts"),
    import("../demo/parties.ts"),
    import("../demo/play.ts"),
    import("../demo/recorder.ts"),
  ]);
  const story = tellStory(json === true ? terminal.stderr : terminal.stdout);
  story.begin("Countersign: a payment, approved on a device and proved");

  story.chapter("A server, a bank, a device");
  const device = recorder();
  const parties = await gather(connection, publicUrl, join(directory, "device"), device);
  story.pairs([
    ["Server", `${publicUrl} for devices, ${connection.privateUrl} for the bank`],
    ["Data", store === undefined ? directory : `PostgreSQL, and ${directory}`],
    ["Application", parties.application.applicationId],
    ["Template", `${parties.template.templateName}: ${parties.template.dataTemplate}`],
    ["Device", `${names.device}, activation ${parties.activationId}`],
    [
      "Activated",
      parties.activationCode === undefined ? "in an earlier run" : `with the code ${parties.activationCode}`,
    ],
    ["Fingerprint", `${parties.fingerprint}, the same on both sides`],
    ["Pinned key", parties.keys.keys.map(({ kid }) => kid).join(", ")],
  ]);

  const { operationId, decision, receiptVerified } = await play(story, connection, parties, device);
  story.end("");
  return { operationId, decision, receiptVerified, auditVerified: false };
}

function bootstrapOf(path: string, isPostgres: boolean): Connection {
  try {
    return readBootstrap(path);
  } catch (cause) {
    if (!isPostgres) throw cause;
    const hint = "give --data with the directory of the database's first start, or an empty database";
    throw new Failure("failed", "no-credentials", "This database was set up from elsewhere.", { hint, cause });
  }
}

const fixedPorts = { port: 8080, privatePort: 8081 } as const;

/** Ports that were asked for, or must fail; the usual ones if they are free; any. */
async function startOnPorts({ env }: Terminal, options: DemoOptions, data: string) {
  const isKept = options.data !== undefined;
  const choose = async (asked: number | undefined, usual: number) =>
    asked ?? (isKept && (await isFree(usual)) ? usual : 0);
  const settings = {
    data,
    ...(options.store !== undefined && { store: options.store }),
    port: await choose(options.port, fixedPorts.port),
    privatePort: await choose(options.privatePort, fixedPorts.privatePort),
  };
  return start(settings, env.COUNTERSIGN_STORE, "silent");
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ port, host: "127.0.0.1", exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
