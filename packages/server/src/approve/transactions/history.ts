/**
 * What became of the transactions that a container was told (APV-HIS-1), encrypted to it as they were: the texts that it was
 * told, never what a template would make of them today.
 */
import { utf8 } from "@countersign/protocol/bytes";
import { isFailure } from "@countersign/protocol/errors";
import { history, type HistoryClaims, mostPast, type PastTransaction } from "@countersign/protocol/approve/history";
import { sealMessage } from "@countersign/protocol/approve/jwe";
import { readMessage } from "@countersign/protocol/approve/message";
import { transaction } from "@countersign/protocol/approve/transaction";
import { sql } from "kysely";
import type { Deps } from "../../deps.ts";
import { type Refusal, refuse } from "../../errors.ts";
import { newestPage, type Place } from "../../lists/newest-page.ts";
import { settled } from "../../operations/expire.ts";
import type { IssuedTransactionTable } from "../../store/schema.ts";
import type { OperationRow } from "../../store/store.ts";
import { type Container, isOver, keyFor } from "../container.ts";
import { signForDevices } from "../server-key.ts";
import { openMessage } from "./issue.ts";

type HistoryDeps = Pick<Deps, "store" | "secrets" | "signingKeys" | "publicUrl">;

/** Bytes of the list in one page: what is signed has to stay below the limit of a message (APV-OBJ-5). */
const mostBytes = 32 * 1024;

/** A JWE. Refuses `key-expired`, and `invalid-request` for a place that was never told. */
export async function pastTransactions(
  deps: HistoryDeps,
  container: Container,
  after: string | undefined,
): Promise<string | Refusal> {
  const now = await deps.store.now();
  const key = keyFor(container, "enc");
  if (isOver(key, now)) return refuse("key-expired");
  const place = after === undefined ? undefined : placeOf(after);
  if (after !== undefined && place === undefined) return refuse("invalid-request", "after - none of ours");
  const { user_id, id } = container.activation;
  const page = await newestPage(deps.store, "operation", {
    indexed: [sql`user_id = ${user_id}`],
    filtered: [
      sql`not (status = 'PENDING' and expires_at > ${now})`,
      sql`exists (select 1 from issued_transaction as i where i.tenant = r.tenant and i.operation_id = r.id
        and i.activation_id = ${id})`,
    ],
    after: place,
    limit: mostPast,
  });
  const told = await toldTexts(deps, id, page.rows);
  const { transactions, next } = cut(
    await Promise.all(page.rows.map(async (row) => pastOf(await settled(deps, row, now), told.get(row.id) ?? ""))),
    page,
  );
  const claims: HistoryClaims = {
    iss: deps.publicUrl,
    aud: id,
    iat: Math.floor(now / 1000),
    transactions,
    ...(next !== undefined && { next: `${next.at}.${next.id}` }),
  };
  const message = await signForDevices(deps, history, claims);
  const read = readMessage(history, message);
  if (isFailure(read)) throw new Error(`A page of history is none: ${read.error}`);
  return sealMessage(message, key.jwk, { serverKid: read.kid, containerKid: key.kid });
}

/** As many of a page as fit, one at least. */
function cut(all: readonly PastTransaction[], { rows, next }: { rows: readonly OperationRow[]; next?: Place }) {
  let bytes = 0;
  const fitting = all.findIndex((one, at) => (bytes += utf8(JSON.stringify(one)).length) > mostBytes && at > 0);
  if (fitting < 0) return { transactions: all, next };
  const { created_at, id } = rows[fitting - 1] as OperationRow;
  return { transactions: all.slice(0, fitting), next: { at: created_at, id } };
}

function pastOf({ id: tid, status, ...row }: OperationRow, text: string): PastTransaction {
  if (status === "PENDING") throw new Error("What is past is pending");
  const seconds = (ms: number) => Math.floor(ms / 1000);
  return { tid, status, iat: seconds(row.created_at), at: seconds(row.finalized_at ?? row.expires_at), text };
}

async function toldTexts(
  deps: Pick<Deps, "store" | "secrets">,
  activationId: string,
  rows: readonly OperationRow[],
): Promise<ReadonlyMap<string, string>> {
  const issued = await deps.store.read
    .selectFrom("issued_transaction")
    .selectAll()
    .where("tenant", "=", deps.store.tenant)
    .where("activation_id", "=", activationId)
    .where("operation_id", "in", ["", ...rows.map(({ id }) => id)])
    .execute();
  return new Map(issued.map((row) => [row.operation_id, textOf(deps, row)]));
}

function textOf(deps: Pick<Deps, "secrets">, row: IssuedTransactionTable): string {
  const read = readMessage(transaction, openMessage(deps, row));
  if (isFailure(read)) throw new Error(`A stored transaction is not one: ${read.error}`);
  return read.claims.display.text;
}

function placeOf(text: string): Place | undefined {
  const [, at, id] = /^(\d{1,15})\.([0-9a-f-]{36})$/.exec(text) ?? [];
  return at === undefined || id === undefined ? undefined : { at: Number(at), id };
}
