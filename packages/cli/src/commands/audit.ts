/** `countersign audit verify`: reads the audit where it lies and asks no server. One at work does not disturb it. */
import { existsSync, readFileSync } from "node:fs";
import { readJwks } from "@countersign/relying-party/receipt";
import type { VerifiedData } from "@countersign/server/verify-data";
import type { Command } from "commander";
import { type Context, groupOf, returns } from "../command.ts";
import { Failure, usageFailure } from "../failure.ts";
import { facts, type Result, tell } from "../terminal.ts";

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
