/** `countersign operation`: what users are asked to approve, from the side of the bank. */
import { writeFileSync } from "node:fs";
import {
  type ListedOperation,
  type NewOperation,
  type Operation,
  operationsClient,
} from "@countersign/relying-party/operations";
import { proximityCode } from "@countersign/relying-party/proximity";
import type { Command } from "commander";
import { type Context, groupOf, returns } from "../command.ts";
import { type ConnectionOptions, connectionOf, withConnection } from "../connection.ts";
import { atLeastOne, listed, pair, pointInTime, upperCase, wholeNumber } from "../options.ts";
import { facts, type Result, table, tell } from "../terminal.ts";
import { type Query, v1 } from "../v1.ts";

interface CreateOptions extends ConnectionOptions {
  readonly template: string;
  readonly user?: string;
  readonly application?: readonly string[];
  readonly activation?: string;
  readonly externalId?: string;
  readonly parameter?: Readonly<Record<string, string>>;
  readonly idempotencyKey?: string;
  readonly proximity?: boolean;
}

interface ListOptions extends ConnectionOptions {
  readonly user?: string;
  readonly externalId?: string;
  readonly status?: readonly string[];
  readonly application?: readonly string[];
  readonly template?: string;
  readonly since?: string;
  readonly until?: string;
  readonly pending?: boolean;
  readonly limit: number;
}

export function operationCommands(program: Command, context: Context): void {
  const group = groupOf(program, "operation", "what users are asked to approve, from the side of the bank");
  const bank = (options: ConnectionOptions) => operationsClient(connectionOf(context.terminal, options));
  const leaf = (name: string, description: string) => withConnection(group.command(name).description(description));

  const create = leaf("create", "ask for an approval")
    .requiredOption("--template <name>", "kind of operation")
    .option("--user <id>", "who is asked; whoever claims it when not given")
    .option("--application <id>", "app whose devices may see it, repeatable", listed)
    .option("--activation <id>", "only this device may decide")
    .option("--parameter <name=value>", "fills the template and is shown, repeatable", pair)
    .option("--external-id <id>", "your own name for it")
    .option("--proximity", "ask for the one-time password of your screen; the template decides when not given")
    .option("--idempotency-key <key>", "the same key and content make one operation, however often sent");
  returns<CreateOptions>(context, create, async (options) => {
    const { idempotencyKey } = options;
    const operation = await bank(options).createOperation(
      newOperation(options),
      idempotencyKey ? { idempotencyKey } : {},
    );
    return shown(operation);
  });

  const list = leaf("list", "operations, newest first")
    .option("--user <id>", "of this user")
    .option("--external-id <id>", "with your own name for it")
    .option("--status <name>", "in this state, repeatable", upperCase)
    .option("--pending", "only those that can still be decided")
    .option("--application <id>", "only those of this app, repeatable", listed)
    .option("--template <name>", "of this kind")
    .option("--since <time>", "created from here on, such as 2026-11-27 or 2026-11-27T08:00:00Z", pointInTime)
    .option("--until <time>", "created before", pointInTime)
    .option("--limit <n>", "at most so many", atLeastOne, 50);
  returns<ListOptions>(context, list, async (options) => {
    const api = v1(connectionOf(context.terminal, options));
    const { items, more } = await api.list<ListedOperation>("/operations", queryOf(options), options.limit);
    if (more && options.json !== true)
      tell(context.terminal, `There are more than ${options.limit}; --limit shows them.`);
    const rows = items.map((one) => [one.id, one.status, one.operationType, one.createdAt, one.data]);
    return { json: items, text: table(["OPERATION", "STATUS", "TYPE", "CREATED", "DATA"], rows) };
  });

  const show = leaf("show", "one operation as it stands").argument("<id>");
  returns<ConnectionOptions>(context, show, async (options, id = "") => shown(await bank(options).getOperation(id)));

  const wait = leaf("wait", "wait for the decision; exit code 0 only for an approval")
    .argument("<id>")
    .option("--seconds <n>", "how long", wholeNumber, 300);
  returns<ConnectionOptions & { seconds: number }>(context, wait, async (options, id = "") => {
    const operation = await bank(options).waitForDecision(id, { timeoutMs: options.seconds * 1000 });
    const exit = operation.status === "APPROVED" ? "ok" : operation.status === "PENDING" ? "undecided" : "failed";
    return { ...shown(operation), exit };
  });

  const cancel = leaf("cancel", "take a pending operation back")
    .argument("<id>")
    .option("--reason <code>", "for machines, at most 32 characters; the device is told");
  returns<ConnectionOptions & { reason?: string }>(context, cancel, async (options, id = "") => {
    const { reason } = options;
    return shown(await bank(options).cancelOperation(id, reason === undefined ? {} : { reason }));
  });

  const receipt = leaf("receipt", "fetch the signed statement about the decision")
    .argument("<id>")
    .option("--output <file>", "write it there");
  returns<ConnectionOptions & { output?: string }>(context, receipt, async (options, id = "") => {
    const text = await bank(options).getReceipt(id);
    if (options.output !== undefined) {
      writeFileSync(options.output, `${text}\n`);
      tell(context.terminal, `The receipt is in ${options.output}.`);
    }
    return { json: { operationId: id, receipt: text }, text: options.output === undefined ? text : "" };
  });
}

function newOperation(options: CreateOptions): NewOperation {
  const { template, user, application, activation, externalId, parameter, proximity } = options;
  return {
    template,
    ...(user !== undefined && { userId: user }),
    ...(application !== undefined && { applications: application }),
    ...(activation !== undefined && { activationId: activation }),
    ...(externalId !== undefined && { externalId }),
    ...(parameter !== undefined && { parameters: parameter }),
    ...(proximity !== undefined && { proximityCheck: proximity }),
  };
}

function queryOf(options: ListOptions): Query {
  return {
    userId: options.user,
    externalId: options.externalId,
    status: options.pending === true ? "PENDING" : options.status,
    applicationId: options.application,
    template: options.template,
    createdFrom: options.since,
    createdTo: options.until,
  };
}

function shown(operation: Operation): Result {
  const [decision] = operation.decisions ?? [];
  const parameters = Object.entries(operation.parameters).map(([name, value]) => [`  ${name}`, value] as const);
  const text = facts(
    [
      ["operation", operation.id],
      ["status", operation.status],
      ["reason", operation.statusReason ?? decision?.reason],
      ["type", operation.operationType],
      ["user", operation.userId],
      ["applications", operation.applications.join(" ")],
      ["device", operation.activationId],
      ["external id", operation.externalId],
      ["signed data", operation.data],
      ...parameters,
      [
        "failed tries",
        operation.failureCount > 0 ? `${operation.failureCount} of ${operation.maxFailureCount}` : undefined,
      ],
      ["for the screen", operation.proximityOtp && proximityCode(operation)],
      ["created", operation.createdAt],
      ["expires", operation.expiresAt],
      ["decided", operation.finalizedAt],
      ["evidence", decision && [decision.evidence.kind, ...decision.evidence.factors].join(" ")],
    ],
    "",
  );
  return { json: operation, text };
}
