/**
 * `countersign audit`. `verify` reads the audit where it lies and asks no server; one at work does not disturb it. `list`
 * and `erase` ask the server.
 */
import { existsSync, readFileSync } from "node:fs";
import { readJwks } from "@countersign/relying-party/receipt";
import type { VerifiedData } from "@countersign/server/verify-data";
import type { Command } from "commander";
import { type Context, groupOf, returns } from "../command.ts";
import { type ConnectionOptions, connectionOf, withConnection } from "../connection.ts";
import { Failure, usageFailure } from "../failure.ts";
import { atLeastOne, pointInTime } from "../options.ts";
import { facts, type Result, table, tell } from "../terminal.ts";
import { v1 } from "../v1.ts";

interface VerifyOptions {
  readonly data: string;
  readonly store?: string;
  readonly jwks?: string;
  readonly checkpoints?: string;
  readonly tenant: string;
}

export function auditCommands(program: Command, context: Context): void {
  const group = groupOf(program, "audit", "the record of everything that happened");
  const verify = group
    .command("verify")
    .description("check that nothing in it was changed or left out")
    .option("--data <dir>", "directory of the data", "./data")
    .option("--store <url>", "postgres://… where the data is not in the directory (COUNTERSIGN_STORE)")
    .option("--jwks <file>", "keys of the checkpoints that you pinned; the data's own when not given, which prove less")
    .option("--checkpoints <file>", "your copy of checkpoints.jsonl; the one in the directory when not given")
    .option("--tenant <name>", "whose audit", "default");
  returns<VerifyOptions>(context, verify, async (options) => {
    const { terminal } = context;
    const { data, store = terminal.env.COUNTERSIGN_STORE, jwks, checkpoints, tenant } = options;
    const report = await verifyAuditOf(data, store, {
      tenant,
      ...(jwks !== undefined && { keys: readKeys(jwks) }),
      ...(checkpoints !== undefined && { checkpointFile: checkpoints }),
    });
    if (jwks === undefined && options.json !== true) {
      tell(
        terminal,
        "warning: the keys are those in the data; whoever can change it can change them. Pin keys with --jwks.",
      );
    }
    return shown(report);
  });
  askingCommands(group, context);
}

interface ListOptions extends ConnectionOptions {
  readonly subject?: string;
  readonly type?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit: number;
}

interface AuditEntry {
  readonly at: string;
  readonly type: string;
  readonly subject: string;
  readonly integrity: string;
}

function askingCommands(group: Command, context: Context): void {
  const { terminal } = context;
  const list = withConnection(group.command("list").description("what was recorded, newest first"))
    .option("--subject <id>", "about this operation, device, app, …")
    .option("--type <name>", "of this kind, such as operation.approved")
    .option("--since <time>", "from here on, such as 2026-11-27 or 2026-11-27T08:00:00Z", pointInTime)
    .option("--until <time>", "before", pointInTime)
    .option("--limit <n>", "at most so many", atLeastOne, 50);
  returns<ListOptions>(context, list, async (options) => {
    const { subject, type, since: from, until: to, limit } = options;
    const api = v1(connectionOf(terminal, options));
    const { items, more } = await api.list<AuditEntry>("/audit", { subject, type, from, to }, limit);
    if (more && options.json !== true) tell(terminal, `There are more than ${limit}; --limit shows them.`);
    const rows = items.map((one) => [one.at, one.type, one.subject, one.integrity]);
    return { json: items, text: table(["AT", "EVENT", "ABOUT", "INTEGRITY"], rows) };
  });

  const erase = withConnection(
    group.command("erase").description("erase what the audit holds of a person; that something happened stays"),
  ).requiredOption("--user <id>", "the person");
  returns<ConnectionOptions & { user: string }>(context, erase, async (options) => {
    const api = v1(connectionOf(terminal, options));
    const answer = await api.call<{ erased: number }>("POST", "/audit/erase", { userId: options.user });
    return { json: answer, text: `Erased ${answer.erased} ${answer.erased === 1 ? "event" : "events"}.` };
  });
}

export async function verifyAuditOf(
  dataDirectory: string,
  store: string | undefined,
  options: { readonly tenant: string; readonly keys?: ReturnType<typeof readJwks>; readonly checkpointFile?: string },
): Promise<VerifiedData> {
  if (store === undefined && !existsSync(dataDirectory)) {
    throw new Failure("usage", "no-data", `There is no directory ${dataDirectory}.`, {
      hint: "name it with --data, or give --store",
    });
  }
  if (store !== undefined && !/^postgres(ql)?:\/\//.test(store))
    throw usageFailure("--store takes a postgres:// address.");
  const { verifyData } = await import("@countersign/server/verify-data");
  const location =
    store === undefined
      ? ({ kind: "sqlite", dataDirectory } as const)
      : ({ kind: "postgres", url: store, dataDirectory } as const);
  const { keys, ...more } = options;
  return verifyData(location, { ...more, ...(keys !== undefined && { keys: { keys: [...keys.keys] } }) });
}

function shown(report: VerifiedData): Result {
  const { ok, problems } = report;
  const head = ok
    ? "The audit fits together: nothing was changed, nothing is missing."
    : `The audit does not fit together: ${problems.length} ${problems.length === 1 ? "problem" : "problems"}.`;
  const lines = problems.map(({ code, lane, seq, checkpoint }) =>
    [`  ${code}`, lane && `lane ${lane}`, seq && `entry ${seq}`, checkpoint && `checkpoint ${checkpoint}`]
      .filter(Boolean)
      .join("  "),
  );
  const counts = facts([
    ["events", report.events],
    ["lanes", report.lanes],
    ["checkpoints", report.checkpoints],
    ["not yet signed for", report.uncovered],
    ["erased payloads", report.erased || undefined],
    ["pruned lanes", report.pruned || undefined],
    ["keys", report.keys],
    ["copy compared", report.checkpointFile],
  ]);
  return {
    json: { verified: ok, ...report },
    text: [head, ...lines, counts].join("\n"),
    exit: ok ? "ok" : "notVerified",
  };
}

function readKeys(path: string): ReturnType<typeof readJwks> {
  try {
    return readJwks(JSON.parse(readFileSync(path, "utf8")));
  } catch (cause) {
    throw new Failure("usage", "unreadable", `${path} is not a readable JSON Web Key Set.`, { cause });
  }
}
