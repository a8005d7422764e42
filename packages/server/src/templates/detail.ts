/** One template, by its number or by its name. */
import type { Selectable } from "kysely";
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";
import { builtOnce } from "../lists/built-once.ts";
import type { OperationTemplateTable } from "../store/schema.ts";
import { type Template, templateOf } from "./template.ts";

type Key = { readonly id: number } | { readonly name: string };
type Row = Selectable<OperationTemplateTable>;

const byId = builtOnce<{ readonly tenant: string; readonly id: number }, Row>((db, mark) =>
  db.selectFrom("operation_template").selectAll().where("tenant", "=", mark("tenant")).where("id", "=", mark("id")),
);
const byName = builtOnce<{ readonly tenant: string; readonly name: string }, Row>((db, mark) =>
  db.selectFrom("operation_template").selectAll().where("tenant", "=", mark("tenant")).where("name", "=", mark("name")),
);

/** Refuses with `template-not-found`. */
export async function templateDetail({ store }: Pick<Deps, "store">, key: Key): Promise<Template | Refusal> {
  const { tenant } = store;
  const [row] = "id" in key ? await byId(store, { tenant, ...key }) : await byName(store, { tenant, ...key });
  return row === undefined ? refuse("template-not-found") : templateOf(row);
}
