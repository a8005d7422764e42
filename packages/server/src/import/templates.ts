/** Operation templates, and how operations are shown in each language. */
import {
  checkTemplate,
  contentColumns,
  signatureTypes,
  type SignatureType,
  type TemplateContent,
} from "../templates/template.ts";
import { nextRevision } from "../display/cache.ts";
import type { Change } from "../store/store.ts";
import { parsed } from "./applications.ts";
import type { Import } from "./import.ts";

export async function importTemplates(context: Import): Promise<void> {
  await importOperationTemplates(context);
  await importDisplayTemplates(context);
}

/** `possession,possession_knowledge` → the known ones, in upper case. */
export function signatureTypesIn(text: string | null): SignatureType[] {
  const named = (text ?? "").split(",").map((one) => one.trim().toUpperCase());
  return signatureTypes.filter((type) => named.includes(type));
}

async function importOperationTemplates(context: Import): Promise<void> {
  const { tally } = context;
  const table = "pa_operation_template";
  await context.table({
    table,
    key: "id",
    columns: {
      id: "number",
      template_name: "text",
      operation_type: "text",
      data_template: "text",
      signature_type: "text",
      max_failure_count: "number",
      expiration: "number",
      risk_flags: "text",
      proximity_check_enabled: "boolean",
    },
    prepare(row) {
      const name = row.template_name ?? "";
      const content: TemplateContent = {
        operationType: row.operation_type ?? "",
        dataTemplate: row.data_template ?? "",
        signatureTypes: signatureTypesIn(row.signature_type),
        maxFailureCount: row.max_failure_count ?? 0,
        expirationSeconds: row.expiration ?? 0,
        riskFlags: row.risk_flags,
        proximityCheck: row.proximity_check_enabled === true,
      };
      const problem = name === "" ? "name" : checkTemplate(content)?.detail;
      if (problem !== undefined) return tally.refuse(table, name || String(row.id), problem);
      return { id: row.id ?? 0, name, ...contentColumns(content) };
    },
    async write(change, rows) {
      for (const row of rows) await insertTemplate(context, change, row);
    },
  });
}

type TemplateRow = { readonly id: number; readonly name: string } & ReturnType<typeof contentColumns>;

/** Keeps its number, by which integrations know it, where that is free. */
async function insertTemplate({ deps, tally }: Import, change: Change, row: TemplateRow): Promise<void> {
  const counts = tally.counts("pa_operation_template");
  const tenant = deps.config.tenant;
  const { last } = await change.db
    .selectFrom("operation_template")
    .select((select) => select.fn.max("id").as("last"))
    .where("tenant", "=", tenant)
    .executeTakeFirstOrThrow();
  for (const id of [row.id, (last ?? 0) + 1]) {
    const inserted = await change.db
      .insertInto("operation_template")
      .values({ tenant, ...row, id })
      .onConflict((conflict) => conflict.doNothing())
      .returning("id")
      .executeTakeFirst();
    if (inserted === undefined) continue;
    counts.imported += 1;
    return;
  }
  counts.kept += 1;
}

async function importDisplayTemplates(context: Import): Promise<void> {
  const { deps, tally } = context;
  const table = "es_operation_template";
  await context.table({
    table,
    key: "id",
    columns: {
      id: "number",
      placeholder: "text",
      language: "text",
      title: "text",
      message: "text",
      result_texts: "text",
      attributes: "text",
      ui: "text",
    },
    prepare(row) {
      const { placeholder: operationType, language } = row;
      if (!operationType || !language) return tally.refuse(table, String(row.id), "placeholder-or-language");
      const attributes = row.attributes === null ? [] : parsed(row.attributes);
      const ui = jsonColumn(row.ui);
      const resultTexts = jsonColumn(row.result_texts);
      if (!Array.isArray(attributes) || !attributes.every(isObject) || ui === undefined || resultTexts === undefined) {
        return tally.refuse(table, `${operationType}/${language}`, "not-json");
      }
      return {
        operation_type: operationType,
        language: language.toLowerCase(),
        title: row.title ?? "",
        message: row.message ?? "",
        result_texts: resultTexts,
        attributes: JSON.stringify(attributes.map((item) => ({ ...item, params: item.params ?? {} }))),
        ui,
      };
    },
    async write(change, rows) {
      await nextRevision(change, deps.config.tenant);
      for (const row of rows) {
        const inserted = await change.db
          .insertInto("display_template")
          .values({ tenant: deps.config.tenant, ...row, updated_at: change.now })
          .onConflict((conflict) => conflict.doNothing())
          .returning("language")
          .executeTakeFirst();
        tally.counts(table)[inserted === undefined ? "kept" : "imported"] += 1;
      }
    },
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** JSON text of an object, null where there is none, undefined for anything else. */
function jsonColumn(text: string | null): string | null | undefined {
  if (text === null || text === "") return null;
  const value = parsed(text);
  return isObject(value) ? JSON.stringify(value) : undefined;
}
