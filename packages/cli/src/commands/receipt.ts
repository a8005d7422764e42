/** `countersign receipt verify`: needs the receipt and keys, and asks nobody else. */
import { readFileSync } from "node:fs";
import { text as readAll } from "node:stream/consumers";
import { fetchJwks, type Jwks, readJwks, type ReceiptClaims, verifyReceipt } from "@countersign/relying-party/receipt";
import type { Command } from "commander";
import { type Context, groupOf, returns } from "../command.ts";
import { Failure } from "../failure.ts";
import { type Fact, facts, instant } from "../terminal.ts";

interface VerifyOptions {
  readonly jwks: string;
  readonly issuer?: string;
  readonly operation?: string;
  readonly tenant?: string;
  readonly data?: string;
  readonly status?: "APPROVED" | "REJECTED";
}

export function receiptCommands(program: Command, context: Context): void {
  const group = groupOf(program, "receipt", "signed statements about decisions");
  const verify = group
    .command("verify")
    .description("check a receipt against keys you trust")
    .argument("<file>", "the receipt; - for standard input")
    .requiredOption("--jwks <file|url>", "the keys, as the server publishes them at /.well-known/countersign/jwks.json")
    .option("--issuer <url>", "public URL of the server it must come from")
    .option("--tenant <name>", "tenant it must speak of")
    .option("--operation <id>", "operation it must speak of")
    .option("--data <text>", "signed data it must speak of")
    .option("--status <status>", "what must have been decided: APPROVED or REJECTED");
  returns<VerifyOptions>(context, verify, async (options, file = "-") => {
    const receipt = (file === "-" ? await readAll(context.terminal.stdin) : readText(file)).trim();
    const { issuer, tenant, operation: operationId, data: expectedData, status } = options;
    const claims = await verifyReceipt(receipt, await keysFrom(options.jwks), {
      ...(issuer !== undefined && { issuer }),
      ...(tenant !== undefined && { tenant }),
      ...(operationId !== undefined && { operationId }),
      ...(expectedData !== undefined && { expectedData }),
      ...(status !== undefined && { status }),
    });
    return { json: { verified: true, claims }, text: `The receipt is authentic.\n${facts(receiptFacts(claims))}` };
  });
}

export function receiptFacts(claims: ReceiptClaims): Fact[] {
  const { operation, decisions } = claims;
  return [
    ["decided", operation.status],
    ["operation", operation.id],
    ["type", operation.type],
    ["signed data", operation.data],
    ["external id", operation.externalId],
    ...decisions.flatMap((one): Fact[] => [
      ["by", one.userId],
      ["reason", one.reason],
      ["at", instant(one.at)],
      ["evidence", [one.evidence.kind, ...one.evidence.factors].join(" · ")],
      ["device", one.evidence.activationId],
      ["key fingerprint", one.evidence.keyFingerprint],
      ["shown (SHA-256)", one.shown.sha256],
    ]),
    ["issuer", claims.iss],
    ["tenant", claims.tenant],
    ["audit", `${claims.audit.lane} #${claims.audit.seq}`],
  ];
}

/** An address is fetched, anything else is a file. */
async function keysFrom(source: string): Promise<Jwks> {
  if (/^https?:\/\//i.test(source)) return fetchJwks(source);
  const text = readText(source);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Failure("usage", "unreadable", `${source} is not JSON.`, { cause });
  }
  return readJwks(value);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new Failure("usage", "unreadable", `${path} cannot be read.`, { cause });
  }
}
