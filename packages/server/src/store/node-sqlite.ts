/** The only import of `node:sqlite`: the class will be renamed, and a rename should cost one line. */
import * as sqlite from "node:sqlite";

type DatabaseClass = typeof sqlite.DatabaseSync;

export const Database: DatabaseClass =
  (sqlite as unknown as { Database?: DatabaseClass }).Database ?? sqlite.DatabaseSync;

export type Database = sqlite.DatabaseSync;
export type Statement = sqlite.StatementSync;
export type SqlValue = string | number | bigint | null | Uint8Array;
