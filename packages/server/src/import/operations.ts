/** Operations that wait for a decision. Finished ones stay where they are: their proof is the source's audit. */
import { fromBase64 } from "@countersign/protocol/bytes";
import type { OperationTable } from "../store/schema.ts";
import { parsed } from "./applications.ts";
import type { Import } from "./import.ts";
import { signatureTypesIn } from "./templates.ts";

const table = "pa_operation";
const pending = 1;

export async function importOperations(context: Import): Promise<void> {
  const { deps, tally } = context;
  const applicationsOf = await operationApplications(context);
  await context.table({
    table,
    key: "id",
    columns: {
      id: "text",
      user_id: "text",
      external_id: "text",
      activation_flag: "text",
      activation_id: "text",
      operation_type: "text",
      template_name: "text",
      data: "text",
      parameters: "text",
      additional_data: "text",
      status: "number",
      status_reason: "text",
      signature_type: "text",
      failure_count: "number",
      max_failure_count: "number",
      timestamp_created: "instant",
      timestamp_expires: "instant",
      risk_flags: "text",
      totp_seed: "text",
    },
    prepare(row): Omit<OperationTable, "tenant"> | undefined {
      const id = row.id ?? "";
      if (row.status !== pending) return tally.skip(table, "finished");
      const applications = applicationsOf.get(id) ?? [];
      if (applications.length === 0) return tally.skip(table, "application-not-taken");
      const types = signatureTypesIn(row.signature_type);
      const parameters = objectText(row.parameters);
      const additional = objectText(row.additional_data);
      const seed = row.totp_seed === null ? null : fromBase64(row.totp_seed);
      const most = row.max_failure_count ?? 0;
      const { timestamp_created: created, timestamp_expires: expires } = row;
      const isWhole = row.data !== null && created !== null && expires !== null && types.length > 0 && most > 0;
      if (!isWhole || parameters === undefined || additional === undefined) {
        return tally.refuse(table, id, "not-whole");
      }
      if (seed === undefined || (seed !== null && seed.length !== 16)) return tally.refuse(table, id, "seed");
      return {
        id,
        user_id: row.user_id,
        external_id: row.external_id,
        activation_id: row.activation_id,
        activation_flag: row.activation_flag,
        template_name: row.template_name ?? row.operation_type ?? "",
        operation_type: row.operation_type ?? "",
        data: row.data ?? "",
        parameters,
        additional_data: additional,
        applications: JSON.stringify(applications),
        signature_types: JSON.stringify(types),
        status: "PENDING",
        status_reason: row.status_reason,
        failure_count: row.failure_count ?? 0,
        max_failure_count: most,
        risk_flags: row.risk_flags,
        created_at: created,
        expires_at: expires,
        finalized_at: null,
        proximity_seed_sealed:
          seed === null
            ? null
            : deps.secrets.seal({ table: "operation", column: "proximity_seed_sealed", row: id }, seed),
        approval: null,
        backchannel_id: null,
        backchannel_sink: null,
      };
    },
    async write(change, rows) {
      const tenant = deps.config.tenant;
      const counts = tally.counts(table);
      for (const row of rows) {
        const inserted = await change.db
          .insertInto("operation")
          .values({ tenant, ...row })
          .onConflict((conflict) => conflict.doNothing())
          .returning("id")
          .executeTakeFirst();
        if (inserted !== undefined) {
          const links = (JSON.parse(row.applications) as string[]).map((application_id) => ({
            tenant,
            application_id,
            operation_id: row.id,
          }));
          await change.db.insertInto("operation_application").values(links).execute();
          counts.imported += 1;
          continue;
        }
        // Tries that were used up at the source meanwhile stay used up.
        const tried = await change.db
          .updateTable("operation")
          .set({ failure_count: row.failure_count })
          .where("tenant", "=", tenant)
          .where("id", "=", row.id)
          .where("status", "=", "PENDING")
          .where("failure_count", "<", row.failure_count)
          .returning("id")
          .executeTakeFirst();
        counts[tried === undefined ? "kept" : "updated"] += 1;
      }
    },
  });
}

/** Names of the applications of each operation, those that were taken. */
async function operationApplications({ source, applications }: Import): Promise<ReadonlyMap<string, string[]>> {
  const found = new Map<string, string[]>();
  const columns = { operation_id: "text", application_id: "number" } as const;
  for await (const rows of source.pages("pa_operation_application", "operation_id", columns)) {
    for (const { operation_id: id, application_id: number } of rows) {
      const name = applications.get(number ?? -1);
      if (id === null || name === undefined) continue;
      found.set(id, [...(found.get(id) ?? []), name]);
    }
  }
  return found;
}

/** JSON text of an object; an empty one where there is none; undefined for anything else. */
function objectText(text: string | null): string | undefined {
  if (text === null || text === "") return "{}";
  const value = parsed(text);
  return typeof value === "object" && value !== null && !Array.isArray(value) ? JSON.stringify(value) : undefined;
}
