/**
 * A hot command inside an ordinary transaction, for the few changes that have to be one commit with more than the rows
 * of one command. The rows are held until that transaction ends, so that nothing has to be guarded.
 */
import type { Deps } from "../deps.ts";
import { claimIn } from "../encryption/replay.ts";
import type { ActivationRow, Change, HotCommand, OperationRow, Writes } from "../store/store.ts";

type Within = Pick<HotCommand<unknown>, "activationId" | "operationId" | "claims">;

/** Rows are taken in the order activation, operation, claims. What `evaluate` wants is written, its result returned. */
export async function commitWithin<T>(
  deps: Pick<Deps, "store">,
  change: Change,
  command: Within & Pick<HotCommand<T>, "evaluate">,
): Promise<T> {
  const { activationId, operationId, claims = [] } = command;
  const activation = activationId === undefined ? undefined : await held(deps, change, "activation", activationId);
  const operation = operationId === undefined ? undefined : await held(deps, change, "operation", operationId);
  const claimed = await claimIn(change, claims);
  const rows = { ...(activation && { activation }), ...(operation && { operation }), records: new Map(), claimed };
  const { result, writes = {} } = command.evaluate(rows, change.now);
  await write(deps, change, writes);
  return result;
}

async function held<T extends "activation" | "operation">(
  { store }: Pick<Deps, "store">,
  { db }: Change,
  table: T,
  id: string,
) {
  const query = db
    .selectFrom(table as "activation")
    .selectAll()
    .where("tenant", "=", store.tenant)
    .where("id", "=", id);
  const row = await (store.dialect === "postgres" ? query.forUpdate() : query).executeTakeFirst();
  return row as (T extends "activation" ? ActivationRow : OperationRow) | undefined;
}

async function write(
  { store: { tenant } }: Pick<Deps, "store">,
  { db, record }: Change,
  writes: Writes,
): Promise<void> {
  const { activation, operation, attempt, history, answer, events = [], decision } = writes;
  if (activation !== undefined) {
    const { from, set } = activation;
    await db.updateTable("activation").set(set).where("tenant", "=", tenant).where("id", "=", from.id).execute();
  }
  if (operation !== undefined) {
    const { from, set } = operation;
    await db.updateTable("operation").set(set).where("tenant", "=", tenant).where("id", "=", from.id).execute();
  }
  if (attempt !== undefined) await db.insertInto("operation_attempt").values(attempt).execute();
  if (history !== undefined) await db.insertInto("activation_history").values(history).execute();
  if (answer !== undefined) await db.insertInto("answered_transaction").values(answer).execute();
  for (const [at, event] of events.entries()) record(event, at === 0 ? decision : undefined);
}
