/** How a store answers finished queries outside a transaction, without Kysely handing out a connection for each. */
import type { Kysely } from "kysely";
import type { Schema } from "./schema.ts";

type Answer = (sql: string, parameters: readonly unknown[]) => Promise<object[]>;

const answers = new WeakMap<Kysely<Schema>, Answer>();

export function answersDirectly(db: Kysely<Schema>, answer: Answer): void {
  answers.set(db, answer);
}

/** Undefined for a transaction. */
export function directAnswer(db: Kysely<Schema>): Answer | undefined {
  return answers.get(db);
}
