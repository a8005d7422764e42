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
import { builtPages, start } from "./serve.ts";

interface DemoOptions {
  readonly data?: string;
  readonly store?: string;
  readonly port?: number;
  readonly privatePort?: number;
  readonly bankPort?: number;
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
    .option("--bank-port <n>", "port of the demo bank, 0 for any (8082 with --data, else any)", wholeNumber)
    .option("--keep-serving", "go on serving, open the demo bank, and tell how to continue by hand")
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
  const [{ tellStory }, { payAndProve, proveAudit }, { howToGoOn }, { openBank }] = await Promise.all([
    import("../demo/story.ts"),
    import("../demo/play.ts"),
    import("../demo/go-on.ts"),
    import("../demo/bank/open.ts"),
  ]);
  const output = options.json === true ? terminal.stderr : terminal.stdout;
  const story = tellStory(output);
  const server = await startOnPorts(options, directory);
  let isServing = true;
  const close = async () => {
    if (isServing) await server.close();
    isServing = false;
  };
  try {
    const recorded = bootstrapOf(server.bootstrapPath, options.store !== undefined);
    const connection = { ...recorded, privateUrl: server.privateUrl };
    const { publicUrl } = server;
    const given = new AbortController();
    void stopped.then(() => given.abort());
    const place = { directory, store: options.store, connection, publicUrl, signal: given.signal };
    const played = await Promise.race([payAndProve(story, place), stopped]);
    if (typeof played === "string") throw new Failure("interrupted", "interrupted", "Stopped.");
    if (options.keepServing !== true) await close();
    const auditVerified = await proveAudit(story, place, played.keys, isServing);
    const { operationId, decision, receiptVerified } = played;
    const result = { operationId, decision, receiptVerified, auditVerified };
    story.end(isProved(result) ? "Approved, and proved." : "Something is not as it should be.");
    if (options.json === true) terminal.stdout.write(`${JSON.stringify(result)}\n`);
    if (options.keepServing === true) {
      const bankPort = await choose(options, options.bankPort, fixedPorts.bankPort);
      const bank = await openBank({ connection, publicUrl, pages: builtPages, port: bankPort });
      const serving = { ...server, recordedPrivateUrl: recorded.privateUrl, directory, bankUrl: bank.url };
      output.write(`\n${howToGoOn(serving, terminal.env)}\n`);
      await stopped;
      await bank.close();
    }
    if (decision !== "APPROVED") return exitCodes.failed.code;
    return isProved(result) ? exitCodes.ok.code : exitCodes.notVerified.code;
  } finally {
    await close();
  }
}

interface DemoResult {
  readonly operationId: string;
  readonly decision: string;
  readonly receiptVerified: boolean;
  readonly auditVerified: boolean;
}

function isProved({ decision, receiptVerified, auditVerified }: DemoResult): boolean {
  return decision === "APPROVED" && receiptVerified && auditVerified;
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

const fixedPorts = { port: 8080, privatePort: 8081, bankPort: 8082 } as const;

/** The port that was asked for, or must fail; the usual one if it is free; any. */
async function choose({ data }: DemoOptions, asked: number | undefined, usual: number): Promise<number> {
  return asked ?? (data !== undefined && (await isFree(usual)) ? usual : 0);
}

async function startOnPorts(options: DemoOptions, data: string) {
  const { names } = await import("../demo/parties.ts");
  const settings = {
    data,
    authenticatorApplication: names.application,
    ...(options.store !== undefined && { store: options.store }),
    port: await choose(options, options.port, fixedPorts.port),
    privatePort: await choose(options, options.privatePort, fixedPorts.privatePort),
  };
  return start(settings, undefined, "silent");
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ port, host: "127.0.0.1", exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
