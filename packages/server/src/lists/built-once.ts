/**
 * Queries of the hot paths, built once: Kysely spends more on building one than a database on answering it. A query is
 * built with a mark in place of each value, and the marks are replaced at every call.
 */
import type { Compilable, CompiledQuery, Kysely } from "kysely";
import type { Schema } from "../store/schema.ts";
import type { Store } from "../store/store.ts";

type Reads = Pick<Store, "dialect" | "read" | "rows">;

type Values = Readonly<Record<string, string | number | null>>;

/** The place of a value in the query, of the value's own type. */
type Mark<V extends Values> = <N extends keyof V & string>(name: N) => V[N];

/** Values that are the same at every call may stand in the query as they are. */
export function builtOnce<V extends Values, Row>(
  build: (db: Kysely<Schema>, mark: Mark<V>) => Compilable<Row>,
): (store: Reads, values: V) => Promise<Row[]> {
  const known = new Map<Store["dialect"], CompiledQuery<Row>>();
  return async (store, values) => {
    let query = known.get(store.dialect);
    if (query === undefined) {
      query = build(store.read, (name) => new Marked(name) as never).compile();
      known.set(store.dialect, query);
    }
    const parameters = query.parameters.map((one) => (one instanceof Marked ? values[one.name] : one));
    return (await store.rows(query.sql, parameters)) as Row[];
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
): (store: Reads, values: V, ids: readonly string[]) => Promise<Row[]> {
  const known = new Map<number, (store: Reads, values: Values) => Promise<Row[]>>();
  return (store, values, ids) => {
    let query = known.get(ids.length);
    if (query === undefined) {
      const names = ids.map((_, at) => `id${at}`);
      query = builtOnce<Values, Row>((db, mark) => build(db, mark as Mark<V>, names.map(mark) as string[]));
      known.set(ids.length, query);
    }
    return query(store, { ...values, ...Object.fromEntries(ids.map((id, at) => [`id${at}`, id])) });
  };
}
