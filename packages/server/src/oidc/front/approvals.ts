/** Which operation a grant that was given in a browser stands on, for the claims of its tokens. */
import type { Deps } from "../../deps.ts";
import type { OperationRow } from "../../store/store.ts";
import { recordsOf } from "../records.ts";

type ApprovalDeps = Pick<Deps, "store" | "secrets">;

interface Approval {
  readonly grantId: string;
  readonly operationId: string;
  /** Of the grant, epoch seconds. */
  readonly exp: number | undefined;
}

const model = "Approval";

export async function rememberApproval(deps: ApprovalDeps, approval: Approval): Promise<void> {
  const { exp, ...members } = approval;
  await recordsOf(deps, model).upsert(approval.grantId, { ...members, ...(exp !== undefined && { exp }) }, 0);
}

export async function operationOfGrant(deps: ApprovalDeps, grantId: string): Promise<OperationRow | undefined> {
  const approval = (await recordsOf(deps, model).find(grantId)) as Approval | undefined;
  return approval && deps.store.findOperation(approval.operationId);
}
