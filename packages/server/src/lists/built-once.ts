/**
 * Queries of the hot paths, built once: Kysely spends more on building one than a database on answering it. A query is
 * built with a mark in place of each value, and the marks are replaced at every call.
 */
import { type Compilable, CompiledQuery, type Kysely } from "kysely";
import { directAnswer } from "../store/direct-reads.ts";
import type { Schema } from "../store/schema.ts";

type Values = Readonly<Record<string, string | number | null>>;

/** The place of a value in the query, of the value's own type. */
type Mark<V extends Values> = <N extends keyof V & string>(name: N) => V[N];

/** Values that are the same at every call may stand in the query as they are. */
export function builtOnce<V extends Values, Row>(
  build: (db: Kysely<Schema>, mark: Mark<V>) => Compilable<Row>,
): (db: Kysely<Schema>, values: V) => Promise<Row[]> {
  const known = new WeakMap<Kysely<Schema>, { readonly sql: string; readonly parameters: readonly unknown[] }>();
  return async (db, values) => {
    let query = known.get(db);
    if (query === undefined) {
      query = build(db, (name) => new Marked(name) as never).compile();
      known.set(db, query);
    }
    const answer = directAnswer(db);
    const parameters = query.parameters.map((one) => (one instanceof Marked ? values[one.name] : one));
    if (answer !== undefined) return (await answer(query.sql, parameters)) as Row[];
    return (await db.executeQuery<Row>(CompiledQuery.raw(query.sql, parameters))).rows;
  };
}

class Marked {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** The same with a list of ids as its last part: built once for each length. */
export function builtForEach<V extends Values, Row>(
  build: (db: Kysely<Schema>, mark: Mark<V>, ids: readonly string[]) => Compilable<Row>,
): (db: Kysely<Schema>, values: V, ids: readonly string[]) => Promise<Row[]> {
  const known = new Map<number, (db: Kysely<Schema>, values: Values) => Promise<Row[]>>();
  return (db, values, ids) => {
    let query = known.get(ids.length);
    if (query === undefined) {
      const names = ids.map((_, at) => `id${at}`);
      query = builtOnce<Values, Row>((on, mark) => build(on, mark as Mark<V>, names.map(mark) as string[]));
      known.set(ids.length, query);
    }
    return query(db, { ...values, ...Object.fromEntries(ids.map((id, at) => [`id${at}`, id])) });
  };
}
