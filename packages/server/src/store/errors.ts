/** What storage can answer instead of doing its work. Every code is closed and stable; the server maps it to HTTP. */

export type StoreErrorCode =
  /** Another process holds this data directory. */
  | "STORE_IN_USE"
  /** The database cannot be reached, or refused to work. Nothing was written; the request may be repeated. */
  | "STORE_UNAVAILABLE"
  /** Waited too long for a lock, or too many wait already. Nothing was written; the request may be repeated. */
  | "STORE_BUSY"
  /** The connection or the disk failed around the commit: written or not, nobody knows. Repeat with the same key. */
  | "OUTCOME_UNKNOWN"
  /** The rows changed while the outcome was computed, three times in a row. Nothing was written. */
  | "CONFLICT"
  /** A value broke a rule of the tables: a duplicate key, a missing parent, text that cannot be stored. */
  | "CONSTRAINT"
  /** The database was written under another master key. */
  | "MASTER_KEY_MISMATCH"
  /** No master key was given where one is required, or it is not 32 bytes in Base64. */
  | "MASTER_KEY_INVALID"
  /** The tables come from a newer version of the product. */
  | "SCHEMA_NEWER"
  /** The database is set up to forget acknowledged commits. */
  | "NOT_DURABLE"
  | "STORE_CLOSED";

export class StoreError extends Error {
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "StoreError";
    this.code = code;
  }
}

export function isStoreError(error: unknown, code?: StoreErrorCode): error is StoreError {
  return error instanceof StoreError && (code === undefined || error.code === code);
}

/** SQLite's primary and extended codes for a duplicate key. */
const sqliteUnique = new Set([1555, 2067, 2579]);

/** Whether an ordinary change failed because a unique key was taken, on either dialect. */
export function isUniqueViolation(error: unknown): boolean {
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown };
  return code === "23505" || (typeof errcode === "number" && sqliteUnique.has(errcode));
}

const lostCodes = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "ENOENT"]);

/** Whether a read failed because the database went away, is starting or is shutting down; it may be asked again. */
export function isDatabaseAway(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === "string") return lostCodes.has(code) || code.startsWith("08") || code.startsWith("57P");
  return (
    typeof message === "string" && /^(Connection terminated|timeout exceeded when trying to connect)/.test(message)
  );
}
