/** Reading on PostgreSQL: the rows of a flush under lock, and the look-ups of a turn of the event loop in one query. */
import type pg from "pg";
import { claimKey, type FlushRows } from "../flush.ts";
import { containerKeys } from "../hot-columns.ts";
import type { OidcRecordTable } from "../schema.ts";
import { type ReadPart, readParts, readStatement } from "./statements.ts";
import {
  type ActivationRow,
  type Claim,
  type ContainerKeyRow,
  type HotCommand,
  type OperationRow,
  recordKey,
  type TokenRow,
} from "../store.ts";

type Command = HotCommand<unknown>;

/** Begins the transaction, in the same round trip. `skipped` are the commands whose rows are locked elsewhere. */
export async function readRows(
  connection: pg.Client,
  commands: readonly Command[],
  tenant: string,
): Promise<{ rows: FlushRows; skipped: Set<Command> }> {
  const wanted = {
    activation: defined(commands, (command) => command.activationId),
    operation: defined(commands, (command) => command.operationId),
    token: defined(commands, (command) => command.tokenId),
    record: commands.flatMap(({ records = [] }) => records.map((one) => ({ ...one, place: recordKey(one) }))),
    version: defined(commands, (command) => command.applicationKey),
    replay: claims(commands, "replay"),
    idempotency: claims(commands, "idempotency"),
  };
  const parts = readParts.filter((part) => wanted[part].length > 0);
  const values = [...(parts.length > 0 ? [tenant] : []), ...parts.map((part) => JSON.stringify(wanted[part]))];
  const [, { rows }] = await Promise.all([
    connection.query("begin"),
    connection.query<Found>({ ...readStatement(parts), values }),
  ]);

  const activations = new Map<string, ActivationRow>();
  const operations = new Map<string, OperationRow>();
  const tokens = new Map<string, TokenRow>();
  const records = new Map<string, OidcRecordTable>();
  const supported = new Map<string, boolean>();
  const taken = new Set<string>();
  const locked = {
    activation: new Set<string>(),
    operation: new Set<string>(),
    token: new Set<string>(),
    record: new Set<string>(),
  };
  let now = 0;
  for (const { kind, id, doc, found } of rows) {
    if (kind === "now") now = doc as number;
    else if (kind === "version") {
      if (doc !== null) supported.set(id, doc === 1);
    } else if (kind === "replay" || kind === "idempotency") {
      if (found) taken.add(id);
    } else if (doc === null) {
      if (found) locked[kind].add(id);
    } else if (kind === "activation") activations.set(id, doc as ActivationRow);
    else if (kind === "operation") operations.set(id, doc as OperationRow);
    else if (kind === "record") records.set(id, doc as OidcRecordTable);
    else tokens.set(id, doc as TokenRow);
  }

  const skipped = new Set(
    commands.filter(
      (command) =>
        locked.activation.has(command.activationId ?? "") ||
        locked.operation.has(command.operationId ?? "") ||
        locked.token.has(command.tokenId ?? "") ||
        command.records?.some((one) => locked.record.has(recordKey(one))) === true,
    ),
  );
  return { rows: { activations, operations, tokens, records, supported, taken, now }, skipped };
}

interface Found {
  readonly kind: ReadPart | "now";
  readonly id: string;
  readonly doc: unknown;
  readonly found: boolean | null;
}

function defined(commands: readonly Command[], pick: (command: Command) => string | undefined): string[] {
  return [...new Set(commands.map(pick).filter((id) => id !== undefined))].sort();
}

function claims(commands: readonly Command[], table: Claim["table"]): { place: string; a: string; b: string }[] {
  const found: { place: string; a: string; b: string }[] = [];
  for (const command of commands) {
    for (const claim of command.claims ?? []) {
      if (claim.table !== table) continue;
      const [a, b] =
        claim.table === "replay" ? [claim.row.subject, claim.row.nonce] : [claim.row.client_id, claim.row.key];
      found.push({ place: claimKey(claim), a, b });
    }
  }
  return found;
}

interface LookUp<T> {
  readonly name: string;
  /** Rows of the tenant `$1` and the id `w.id`. */
  readonly select: string;
  readonly idOf: (row: T) => string;
}

export function byId<T extends { readonly id: string }>(table: string): LookUp<T> {
  return {
    name: table,
    select: `select * from "${table}" t where t.tenant = $1 and t.id = w.id`,
    idOf: ({ id }) => id,
  };
}

export const ofContainer: LookUp<ContainerKeyRow> = {
  name: "container",
  select: `${containerKeys} where c.tenant = $1 and c.activation_id = w.id`,
  idOf: ({ activation_id }) => activation_id,
};

/** Look-ups by id that are asked for in one turn of the event loop share one prepared query. */
export function createFinder<T extends object>(
  pool: pg.Pool,
  { name, select, idOf }: LookUp<T>,
  tenant: string,
): (id: string) => Promise<readonly T[]> {
  // One look-up for each id, whatever the planner believes of the table.
  const text = `select r.* from unnest($2::text[]) w(id) cross join lateral (${select} offset 0) r`;
  let waiting = new Map<string, PromiseWithResolvers<readonly T[]>>();

  async function run(): Promise<void> {
    const asked = waiting;
    waiting = new Map();
    try {
      const values = [tenant, [...asked.keys()]];
      const { rows } = await pool.query<T & pg.QueryResultRow>({ name: `countersign_find_${name}`, text, values });
      const found = Map.groupBy(rows, idOf);
      for (const [id, { resolve }] of asked) resolve(found.get(id) ?? []);
    } catch (error) {
      for (const { reject } of asked.values()) reject(error);
    }
  }

  return (id) => {
    const already = waiting.get(id);
    if (already) return already.promise;
    const asked = Promise.withResolvers<readonly T[]>();
    if (waiting.size === 0) setImmediate(() => void run());
    waiting.set(id, asked);
    return asked.promise;
  };
}

/** The one row there can be. */
export function only<T>(find: (id: string) => Promise<readonly T[]>): (id: string) => Promise<T | undefined> {
  return async (id) => (await find(id))[0];
}
