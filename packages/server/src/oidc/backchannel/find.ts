/** A CIBA request, the operation that it became, and the decision on it: one look for all three. */
import type { AdapterPayload } from "oidc-provider";
import type { ReceiptClaims, ReceiptDecision } from "@countersign/protocol/receipt";
import type { Deps } from "../../deps.ts";
import { builtOnce } from "../../lists/built-once.ts";
import type { DecisionTable, OidcRecordTable } from "../../store/schema.ts";
import type { OperationRow } from "../../store/store.ts";
import { openRecord, requestModel } from "../records.ts";

export interface FoundRequest {
  readonly payload: AdapterPayload;
  readonly operation: OperationRow | undefined;
  /** On an operation that was approved or rejected. */
  readonly decision: ReceiptDecision | undefined;
}

type Row = Pick<OidcRecordTable, "payload_sealed" | "consumed_at"> &
  Nullable<OperationRow & Pick<DecisionTable, "claims">>;
type Nullable<T> = { readonly [N in keyof T]: T[N] | null };

const requestQuery = builtOnce<{ readonly tenant: string; readonly key: string }, Row>((db, mark) =>
  db
    .selectFrom("oidc_record as r")
    .leftJoin("operation as o", (join) =>
      join.onRef("o.tenant", "=", "r.tenant").onRef("o.backchannel_id", "=", "r.id"),
    )
    .leftJoin("decision as d", (join) => join.onRef("d.tenant", "=", "o.tenant").onRef("d.operation_id", "=", "o.id"))
    .selectAll("o")
    .select(["r.payload_sealed", "r.consumed_at", "d.claims"])
    .where("r.tenant", "=", mark("tenant"))
    .where("r.model", "=", requestModel)
    .where("r.id", "=", mark("key")),
);

/** By the keyed hash that stands in the rows. */
export async function findRequest(
  deps: Pick<Deps, "store" | "secrets">,
  key: string,
): Promise<FoundRequest | undefined> {
  const [row] = await requestQuery(deps.store, { tenant: deps.store.tenant, key });
  if (row === undefined) return undefined;
  const { payload_sealed, consumed_at, claims } = row;
  return {
    payload: openRecord(deps, requestModel, { id: key, payload_sealed, consumed_at }),
    operation: row.id === null ? undefined : (row as OperationRow),
    decision: claims === null ? undefined : (JSON.parse(claims) as ReceiptClaims).decisions[0],
  };
}
