/** `countersign import powerauth`: takes over the database of a PowerAuth server, while neither server is at work. */
import { readFileSync } from "node:fs";
import type { ImportReport } from "@countersign/server/import-data";
import type { Command } from "commander";
import { type Context, groupOf, returns } from "../command.ts";
import type { ExitName } from "../exit-codes.ts";
import { Failure, usageFailure } from "../failure.ts";
import { type Result, table, type Terminal, tell, visible } from "../terminal.ts";

interface ImportOptions {
  readonly from: string;
  readonly data: string;
  readonly store?: string;
  readonly tenant: string;
  readonly sourceZone: string;
  readonly sourceStopped?: boolean;
  readonly masterDbKeyFile?: string;
  readonly enableCallbacks?: boolean;
  readonly dryRun?: boolean;
}

export function importCommands(program: Command, context: Context): void {
  const group = groupOf(program, "import", "take over the data of another server");
  const powerAuth = group
    .command("powerauth")
    .description("a PowerAuth server's PostgreSQL database: its devices go on with this server")
    .requiredOption("--from <url>", "postgres://… of the PowerAuth server; a password may come from PGPASSWORD")
    .option("--data <dir>", "directory of the data", "./data")
    .option("--store <url>", "postgres://… where the data is not in the directory (COUNTERSIGN_STORE)")
    .option("--tenant <name>", "whose data", "default")
    .option("--source-stopped", "say that the PowerAuth server is stopped, and will not be started again")
    .option("--source-zone <name>", "time zone that the PowerAuth server ran in", "UTC")
    .option("--master-db-key-file <file>", "its powerauth.server.db.master.encryption.key (or COUNTERSIGN_SOURCE_KEY)")
    .option("--enable-callbacks", "call the imported callbacks from the first event on")
    .option("--dry-run", "read and check everything, write nothing");
  returns<ImportOptions>(context, powerAuth, async (options) => {
    const { terminal } = context;
    const { data, store = terminal.env.COUNTERSIGN_STORE, dryRun = false } = options;
    for (const url of [options.from, store]) {
      if (url !== undefined && !/^postgres(ql)?:\/\//.test(url)) {
        throw usageFailure("--from and --store take postgres:// addresses.");
      }
    }
    if (options.sourceStopped !== true && !dryRun) {
      throw usageFailure(
        "Two servers must not serve the same devices.",
        "stop the PowerAuth server, then say --source-stopped; --dry-run needs neither",
      );
    }
    const { importData } = await import("@countersign/server/import-data");
    const location =
      store === undefined
        ? ({ kind: "sqlite", dataDirectory: data } as const)
        : ({ kind: "postgres", url: store, dataDirectory: data } as const);
    const progress = options.json === true ? undefined : progressOn(terminal);
    const report = await importData(location, {
      from: options.from,
      zone: options.sourceZone,
      sourceMasterKey: sourceKey(options, terminal),
      tenant: options.tenant,
      dryRun,
      enableCallbacks: options.enableCallbacks === true,
      onProgress: progress?.onProgress,
      environment: terminal.env,
    })
      .catch((error: unknown) => {
        throw sourceFailure(error);
      })
      .finally(() => progress?.end());
    return shown(report);
  });
}

function sourceKey({ masterDbKeyFile: file }: ImportOptions, { env }: Terminal): string | undefined {
  if (file === undefined) return env.COUNTERSIGN_SOURCE_KEY;
  try {
    return readFileSync(file, "utf8").trim();
  } catch (cause) {
    throw new Failure("usage", "unreadable", `${file} cannot be read.`, { cause });
  }
}

/** One line that counts on a terminal; a line for each table elsewhere. */
function progressOn(terminal: Terminal): {
  readonly onProgress: (table: string, done: number) => void;
  readonly end: () => void;
} {
  const { stderr } = terminal;
  let current = "";
  return {
    onProgress(name, done) {
      if (stderr.isTTY) stderr.write(`\r\u001b[K${name}: ${done}`);
      else if (name !== current) tell(terminal, `reading ${name}`);
      current = name;
    },
    end() {
      if (stderr.isTTY && current !== "") stderr.write("\r\u001b[K");
    },
  };
}

const sourceExits: Readonly<Record<string, ExitName>> = {
  unreachable: "unavailable",
  "in-use": "inUse",
  zone: "usage",
  "master-key": "usage",
};

/** By shape: the server's classes are only loaded by commands that use them. */
function sourceFailure(error: unknown): unknown {
  const { name, code, message } = error as { name?: string; code?: string; message?: string };
  if (name !== "SourceError" || code === undefined || message === undefined) return error;
  return new Failure(sourceExits[code] ?? "failed", `source-${code}`, message, { cause: error });
}

const mostLines = 20;

function shown(report: ImportReport): Result {
  const { dryRun, locked, refused, skipped } = report;
  const rows = Object.entries(report.tables).map(([name, counts]) => [
    name,
    counts.read,
    counts.imported,
    counts.updated,
    counts.kept,
    counts.skipped,
    counts.refused,
  ]);
  const names = ["table", "read", dryRun ? "would import" : "imported", "updated", "kept", "skipped", "refused"];
  const reasons = Object.entries(skipped).map(([reason, count]) => `  skipped  ${count} × ${visible(reason)}`);
  const wrong = refused
    .slice(0, mostLines)
    .map((row) => `  refused  ${row.table} ${visible(row.id)}: ${visible(row.reason)}`);
  const rest = refused.length - wrong.length;
  const unlocked = locked ? [] : ["The source could not be locked: nothing kept others from changing it meanwhile."];
  const head = dryRun ? "Nothing was written." : "The data is taken over.";
  const tail = rest > 0 ? [`  … and ${rest} more; --json names them all`] : [];
  return {
    json: report,
    text: [head, ...unlocked, table(names, rows), ...reasons, ...wrong, ...tail].join("\n"),
    exit: refused.length === 0 ? "ok" : "notVerified",
  };
}
