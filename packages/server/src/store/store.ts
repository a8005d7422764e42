/**
 * What the domain asks of a database. `sqlite.ts` and `postgres.ts` both answer it; every store test runs on both.
 *
 * Ordinary work is Kysely: `read` outside a transaction, `transaction` for changes. The six hot commands (advance a
 * counter, create, decide, validate a token, append audit, write OpenID records) go through `commit`, which puts whatever
 * waits into one durable transaction (see `group-commit.ts`).
 */
import type { Kysely, Selectable, Transaction } from "kysely";
import type {
  ActivationHistoryTable,
  ActivationTable,
  AnsweredTransactionTable,
  ContainerKeyTable,
  ContainerTable,
  DecisionTable,
  DirectRequestTable,
  IdempotencyTable,
  OidcRecordTable,
  OperationAttemptTable,
  OperationTable,
  ReplayTable,
  Schema,
  TokenTable,
} from "./schema.ts";
import type { EventDraft } from "../audit/event.ts";
import type { CommitListener } from "./announce.ts";

export type { Committed, Hint } from "./announce.ts";

export type ActivationRow = Selectable<ActivationTable>;
export type OperationRow = Selectable<OperationTable>;
export type TokenRow = Selectable<TokenTable>;
export type ContainerKeyRow = ContainerTable &
  Pick<ContainerKeyTable, "kid" | "use" | "public_jwk" | "policy" | "state" | "expires_at">;

export interface Store {
  readonly dialect: "sqlite" | "postgres";
  readonly tenant: string;
  /** Reads outside a transaction. Writing through it is a broken promise: SQLite's connection is read-only. */
  readonly read: Kysely<Schema>;
  /** Rows of one finished statement, as `read` would answer it; Kysely would spend more on it than the database. */
  rows(sql: string, parameters: readonly unknown[]): Promise<object[]>;
  /** The time every rule goes by: the database's on PostgreSQL, the process's on SQLite. Epoch ms. */
  now(): Promise<number>;
  /** The look-ups of the hot paths, as prepared statements. */
  findActivation(id: string): Promise<ActivationRow | undefined>;
  findOperation(id: string): Promise<OperationRow | undefined>;
  findToken(id: string): Promise<TokenRow | undefined>;
  /** By the id of its activation: the row of a container once for each of its keys, those retired left out. */
  findContainer(activationId: string): Promise<readonly ContainerKeyRow[]>;
  /** One ordinary change. Rolls back and rethrows when `work` throws; events are recorded in the same commit. */
  transaction<T>(work: (change: Change) => Promise<T>): Promise<T>;
  /** One hot command. Resolves after the commit is durable; rejects with OUTCOME_UNKNOWN when that cannot be known. */
  commit<T>(command: HotCommand<T>): Promise<T>;
  /**
   * Hears of commits once they are durable: this node's at once and, on PostgreSQL, those of other nodes a moment later.
   * Hints only: they can be lost, and come for a commit whose outcome is unknown. Returns how to stop listening.
   */
  onCommit(listener: CommitListener): () => void;
  /** Waits for what is under way, writes nothing more, releases the data. */
  close(): Promise<void>;
}

export interface Change {
  readonly db: Transaction<Schema>;
  /** Taken when the transaction began. */
  readonly now: number;
  /**
   * Adds an event to the audit chain and, where sinks are configured, to the outbox, in this transaction. The receipt of
   * a decision is built from the place of its event.
   */
  readonly record: (event: EventDraft, decision?: (place: AuditPlace) => DecisionTable) => void;
  /** Keeps other nodes from opening lanes and making checkpoints until this transaction ends. */
  readonly excludeOtherNodes: () => Promise<void>;
}

/**
 * A hot command names the rows it depends on; the store locks and reads them, then asks `evaluate` what to write.
 * `evaluate` is pure: it may run again on fresh rows when a batch had to be repeated item by item.
 */
export interface HotCommand<T> {
  /** Activation, operation and token whose rows this command locks. A flush holds at most one command for each. */
  readonly activationId?: string;
  readonly operationId?: string;
  readonly tokenId?: string;
  /** Records of the OpenID provider that are locked, where they exist. */
  readonly records?: readonly RecordPlace[];
  /** Application key whose support is read in the same transaction. */
  readonly applicationKey?: string;
  /**
   * Rows that must not exist yet. `evaluate` learns whether every one is new; they are then inserted in the same
   * commit, all of them or, when one exists already or `evaluate` throws, none.
   */
  readonly claims?: readonly Claim[];
  evaluate(rows: HotRows, now: number): Outcome<T>;
}

export type RecordPlace = Pick<OidcRecordTable, "model" | "id">;

/** A model is one word. */
export function recordKey({ model, id }: RecordPlace): string {
  return `${model} ${id}`;
}

export type Claim =
  | { readonly table: "replay"; readonly row: ReplayTable }
  | { readonly table: "idempotency"; readonly row: IdempotencyTable };

export interface HotRows {
  readonly activation?: ActivationRow;
  readonly operation?: OperationRow;
  readonly token?: TokenRow;
  /** Those of the command that exist, by `recordKey`. */
  readonly records: ReadonlyMap<string, OidcRecordTable>;
  /** Whether every claim of the command was new. */
  readonly claimed: boolean;
  /** Whether the application version of `applicationKey` is supported; undefined when there is none. */
  readonly supported?: boolean;
}

export interface Outcome<T> {
  readonly result: T;
  readonly writes?: Writes;
  /** "release" leaves the command's claims unused; by default they are kept whenever they were new. */
  readonly claims?: "keep" | "release";
}

/** Everything a hot command can write. Updates carry the state they were computed from; the store puts it in the WHERE. */
export interface Writes {
  readonly activation?: { readonly from: ActivationRow; readonly set: ActivationUpdate };
  readonly operation?: { readonly from: OperationRow; readonly set: OperationUpdate };
  readonly newOperation?: OperationTable;
  readonly newToken?: TokenTable;
  /** Id of a token to delete. */
  readonly removedToken?: string;
  readonly attempt?: OperationAttemptTable;
  readonly history?: ActivationHistoryTable;
  /** A device's signed answer, so that the same one gets the same outcome again. */
  readonly answer?: AnsweredTransactionTable;
  /** Each is written whole. */
  readonly records?: readonly { readonly from: OidcRecordTable; readonly set: OidcRecordTable }[];
  readonly newRecords?: readonly OidcRecordTable[];
  /** For the client that redeems what a device signed directly. */
  readonly directRequest?: DirectRequestTable;
  /** Built from the audit place of the first of `events`, so that the claims can name it. */
  readonly decision?: (place: AuditPlace) => DecisionTable;
  readonly events?: readonly EventDraft[];
}

export type ActivationUpdate = Pick<
  ActivationTable,
  | "counter"
  | "ctr_data"
  | "failed_attempts"
  | "status"
  | "blocked_reason"
  | "version_floor"
  | "name"
  | "changed_at"
  | "last_used_at"
>;

export type OperationUpdate = Pick<
  OperationTable,
  "status" | "status_reason" | "failure_count" | "user_id" | "additional_data" | "finalized_at"
>;

/** Where an event stands in the audit: known before the commit, true after it. */
export interface AuditPlace {
  readonly lane: string;
  readonly seq: number;
  readonly hash: string;
}
