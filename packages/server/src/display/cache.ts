/**
 * Display templates as the hot paths read them: all of them stay in memory, and one row says whether they are still
 * those of the database. Every change writes that row in its own commit, so a change made on any node is seen by the
 * next request on every node.
 */
import { chooseTemplate, display, type Display } from "@countersign/protocol/operation/display";
import { sql } from "kysely";
import { builtOnce } from "../lists/built-once.ts";
import type { Change, OperationRow, Store } from "../store/store.ts";
import { listDisplayTemplates } from "./list.ts";
import type { StoredTemplate } from "./template.ts";

const settingName = "display-template-revision";

/** The templates of one revision. */
export interface DisplayTemplates {
  /**
   * What a person is shown of this operation in the language asked for, or the best there is instead of it. Mobile Token
   * devices know null for an amount that no JSON number carries; Approve devices get it as text.
   */
  show(operation: OperationRow, language: string, more?: { readonly exactAmounts?: boolean }): Display;
}

export interface DisplayTemplateCache {
  current(): Promise<DisplayTemplates>;
}

export function displayTemplateCache(store: Store): DisplayTemplateCache {
  let kept: { readonly revision: string; readonly templates: DisplayTemplates } | undefined;
  return {
    async current() {
      // Read before the templates: they may be newer than their revision, and are then read again; never older.
      const revision = await revisionOf(store);
      if (kept?.revision !== revision) kept = { revision, templates: grouped(await listDisplayTemplates({ store })) };
      return kept.templates;
    },
  };
}

/** To be called in every transaction that changes a template. Those transactions follow each other. */
export async function nextRevision({ db }: Change, tenant: string): Promise<void> {
  await db
    .insertInto("setting")
    .values({ tenant, name: settingName, value: "1" })
    .onConflict((conflict) =>
      conflict
        .columns(["tenant", "name"])
        .doUpdateSet({ value: sql<string>`cast(cast(setting.value as integer) + 1 as text)` }),
    )
    .execute();
}

const revisionQuery = builtOnce<{ readonly tenant: string }, { value: string }>((db, mark) =>
  db.selectFrom("setting").select("value").where("tenant", "=", mark("tenant")).where("name", "=", settingName),
);

async function revisionOf(store: Store): Promise<string> {
  const [row] = await revisionQuery(store, { tenant: store.tenant });
  return row?.value ?? "0";
}

function grouped(all: readonly StoredTemplate[]): DisplayTemplates {
  const byType = new Map<string, Map<string, StoredTemplate>>();
  for (const template of all) {
    const ofType = byType.get(template.operationType) ?? new Map<string, StoredTemplate>();
    byType.set(template.operationType, ofType.set(template.language, template));
  }
  return {
    show(operation, language, more = {}) {
      const ofType = byType.get(operation.operation_type);
      return display(
        {
          operationType: operation.operation_type,
          parameters: JSON.parse(operation.parameters) as Record<string, string>,
          riskFlags: operation.risk_flags ?? "",
          proximityCheck: operation.proximity_seed_sealed !== null,
          ...more,
        },
        ofType && chooseTemplate(ofType, language),
      );
    },
  };
}
