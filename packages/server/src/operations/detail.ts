/** One operation as it stands, what was tried on it, and what was decided. */
import type { ReceiptClaims } from "@countersign/protocol/receipt";
import { type ApiClient, mayUse } from "../accounts/api-client.ts";
import type { Deps } from "../deps.ts";
import { isRefusal, type Refusal, refuse } from "../errors.ts";
import { builtOnce } from "../lists/built-once.ts";
import type { OperationRow } from "../store/store.ts";
import { isEntitled } from "./decide.ts";
import { settled } from "./expire.ts";
import type { Viewer } from "./list.ts";
import { applicationsOf } from "./operation.ts";

/** Whether the caller may know of an operation at all. */
export type Sees = (operation: OperationRow) => boolean;

/** Operations of none of its applications do not exist for an API client. */
export function seenBy(client: ApiClient): Sees {
  return (operation) => applicationsOf(operation).some((id) => mayUse(client, id));
}

/** Refuses with `operation-not-found`, also when the caller may not see it. */
export async function findOperation(
  deps: Pick<Deps, "store">,
  id: string,
  sees: Sees,
): Promise<OperationRow | Refusal> {
  const operation = isOperationId(id) ? await deps.store.findOperation(id) : undefined;
  if (operation === undefined || !sees(operation)) return refuse("operation-not-found");
  return settled(deps, operation, await deps.store.now());
}

/**
 * What a device is shown: pending operations of its user, application and activation, and those nobody has claimed.
 * Refuses with `operation-not-found`, `operation-flag`, or the state that the operation is in.
 */
export async function findForDevice(
  deps: Pick<Deps, "store">,
  id: string,
  viewer: Viewer,
): Promise<OperationRow | Refusal> {
  const operation = await findOperation(deps, id, (row) => isEntitledViewer(row, viewer));
  return isRefusal(operation) ? operation : pendingForDevice(operation, viewer);
}

/** A reader without the flag is refused, as in the list; `status` must be the one of now. */
export function pendingForDevice(operation: OperationRow, viewer: Viewer): OperationRow | Refusal {
  if (operation.status !== "PENDING") return refuseState(operation);
  const { activation_flag: flag } = operation;
  const lacksFlag = flag !== null && !(JSON.parse(viewer.flags) as string[]).includes(flag);
  return lacksFlag ? refuse("operation-flag") : operation;
}

export function isEntitledViewer(operation: OperationRow, viewer: Viewer): boolean {
  return isEntitled(operation, {
    userId: viewer.user_id,
    applicationId: viewer.application_id,
    activationId: viewer.id,
  });
}

const states = {
  CANCELED: "operation-canceled",
  APPROVED: "operation-finished",
  REJECTED: "operation-finished",
  FAILED: "operation-out-of-tries",
  EXPIRED: "operation-expired",
} as const;

/** Says which final state stands in the way. */
export function refuseState(operation: OperationRow): Refusal {
  if (operation.status === "PENDING") throw new Error("A pending operation stands in nobody's way");
  return refuse(states[operation.status]);
}

/** Anything else is no operation, and is not asked for in the database. */
export function isOperationId(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text);
}

export interface Attempt {
  readonly action: "approve" | "reject" | "fail";
  /** `decided`, or what stood in the way. */
  readonly outcome: string;
  readonly activationId: string | null;
  readonly at: number;
}

export interface History {
  /** In the order they were made. */
  readonly attempts: readonly Attempt[];
  /** Claims of the receipt; present when the operation was approved or rejected. */
  readonly decision: ReceiptClaims | undefined;
}

const mostAttempts = 1000;

type OfOperation = { readonly tenant: string; readonly id: string };

const attemptsQuery = builtOnce<OfOperation, Attempt>((db, mark) =>
  db
    .selectFrom("operation_attempt")
    .select(["action", "outcome", "activation_id as activationId", "at"])
    .where("tenant", "=", mark("tenant"))
    .where("operation_id", "=", mark("id"))
    .orderBy("at")
    .orderBy("id")
    .limit(mostAttempts),
);

const claimsQuery = builtOnce<OfOperation, { claims: string }>((db, mark) =>
  db
    .selectFrom("decision")
    .select("claims")
    .where("tenant", "=", mark("tenant"))
    .where("operation_id", "=", mark("id")),
);

export async function operationHistory(deps: Pick<Deps, "store">, operationId: string): Promise<History> {
  const { tenant } = deps.store;
  const [attempts, decision] = await Promise.all([
    attemptsQuery(deps.store, { tenant, id: operationId }),
    decisionClaims(deps, operationId),
  ]);
  return { attempts, decision };
}

/** Claims as they were fixed in the decision's commit. */
export async function decisionClaims(
  deps: Pick<Deps, "store">,
  operationId: string,
): Promise<ReceiptClaims | undefined> {
  const { tenant } = deps.store;
  const [row] = await claimsQuery(deps.store, { tenant, id: operationId });
  return row === undefined ? undefined : (JSON.parse(row.claims) as ReceiptClaims);
}

/** Looks again when something happened on this node, and after this many ms anyway. */
const lookAgainMs = 500;

/** The operation once it is decided, or as it stands when `signal` aborts. Refuses like `findOperation`. */
export async function waitForDecision(
  deps: Pick<Deps, "store" | "operationWatch">,
  id: string,
  sees: Sees,
  signal: AbortSignal,
): Promise<OperationRow | Refusal> {
  for (;;) {
    const operation = await findOperation(deps, id, sees);
    if (isRefusal(operation) || operation.status !== "PENDING") return operation;
    if (signal.aborted || deps.operationWatch.closed) return operation;
    await deps.operationWatch.next(id, lookAgainMs, signal);
  }
}
