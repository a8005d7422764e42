/**
 * Writes the outcome of a decided operation into the CIBA request that waits for it. The operation is the truth: this
 * may run on any node, any number of times, before or after a kill, and the first result stays.
 */
import type { AdapterPayload, Provider } from "oidc-provider";
import { errors } from "oidc-provider";
import type { ReceiptDecision } from "@countersign/protocol/receipt";
import type { Deps } from "../../deps.ts";
import { backchannelId } from "../../keys/record-id.ts";
import { decisionClaims } from "../../operations/detail.ts";
import { settled } from "../../operations/expire.ts";
import { builtOnce } from "../../lists/built-once.ts";
import type { OperationRow } from "../../store/store.ts";
import { authenticationBy, decisionOn } from "../decision.ts";
import { AlreadyFinal, together } from "../records.ts";

type ResolveDeps = Pick<Deps, "store" | "secrets">;

const operationQuery = builtOnce<{ readonly tenant: string; readonly id: string }, OperationRow>((db, mark) =>
  db.selectFrom("operation").selectAll().where("tenant", "=", mark("tenant")).where("backchannel_id", "=", mark("id")),
);

const statusQuery = builtOnce<{ readonly tenant: string; readonly id: string }, Pick<OperationRow, "id" | "status">>(
  (db, mark) =>
    db
      .selectFrom("operation")
      .select(["id", "status"])
      .where("tenant", "=", mark("tenant"))
      .where("backchannel_id", "=", mark("id")),
);

/** Id of the operation while it is pending. Most who ask are told that nothing has happened yet: two columns are enough. */
export async function undecidedOperation(deps: ResolveDeps, authReqId: string): Promise<string | undefined> {
  const { store } = deps;
  const [row] = await statusQuery(store, { tenant: store.tenant, id: backchannelId(deps.secrets, authReqId) });
  return row?.status === "PENDING" ? row.id : undefined;
}

/**
 * The operation that this `auth_req_id` asks for. Where time is `over`, that is written down first: nobody is told so
 * while an approval may still be committing.
 */
export async function operationOfRequest(
  deps: ResolveDeps,
  authReqId: string,
  over: boolean,
): Promise<OperationRow | undefined> {
  const { store } = deps;
  const [row] = await operationQuery(store, {
    tenant: store.tenant,
    id: backchannelId(deps.secrets, authReqId),
  });
  return row && over ? settled(deps, row, await store.now()) : row;
}

/**
 * Whether there is a result now: not while the operation is pending, nor where time is over by itself. `first` runs in
 * the same commit.
 */
export async function resolveRequest(
  deps: ResolveDeps,
  provider: Provider,
  payload: AdapterPayload,
  operation: OperationRow,
  first?: () => Promise<void>,
): Promise<boolean> {
  if (operation.status === "PENDING" || operation.status === "EXPIRED") return false;
  const request = new provider.BackchannelAuthenticationRequest(payload);
  try {
    await together(deps, async () => {
      await first?.();
      if (operation.status === "APPROVED") await grant(deps, provider, request, operation);
      else await deny(deps, provider, request, operation);
    });
  } catch (error) {
    if (!(error instanceof AlreadyFinal)) throw error;
  }
  return true;
}

export type BackchannelRequest = InstanceType<Provider["BackchannelAuthenticationRequest"]>;

async function grant(
  deps: ResolveDeps,
  provider: Provider,
  request: BackchannelRequest,
  { id }: OperationRow,
): Promise<void> {
  const given = grantOf(provider, request);
  await given.save();
  await provider.backchannelResult(request, given, proofOf(request, await decisionOn(deps, id)));
}

/** What an approval allows: all that was asked for, and no more. */
export function grantOf(provider: Provider, request: BackchannelRequest): InstanceType<Provider["Grant"]> {
  const { accountId, clientId, scope = "", claims: wanted } = request;
  if (accountId === undefined || clientId === undefined) throw new Error("A request names nobody");
  const given = new provider.Grant({ accountId, clientId });
  given.addOIDCScope(scope);
  for (const resource of [request.resource ?? []].flat()) given.addResourceScope(resource, scope);
  given.addOIDCClaims([...Object.keys(wanted?.id_token ?? {}), ...Object.keys(wanted?.userinfo ?? {})]);
  return given;
}

/** How the person proved who they are, and what they granted, as the provider keeps it. */
export function proofOf({ params = {} }: BackchannelRequest, decision: ReceiptDecision) {
  const { acr_values: acrValues, authorization_details: details } = params;
  return {
    ...authenticationBy(decision, typeof acrValues === "string" ? acrValues.split(" ") : []),
    ...(typeof details === "string" && { rar: JSON.parse(details) as never }),
  };
}

async function deny(
  deps: ResolveDeps,
  provider: Provider,
  request: BackchannelRequest,
  operation: OperationRow,
): Promise<void> {
  const text = await reasonOf(deps, operation);
  // The provider keeps a description only where its model has it.
  request.errorDescription = text;
  await provider.backchannelResult(request, new errors.AccessDenied(text));
}

/** What the relying party is told: who stopped it, and the person's own word where there is one. */
export async function reasonOf(deps: ResolveDeps, operation: OperationRow): Promise<string> {
  const { status, status_reason: stated } = operation;
  if (status === "CANCELED") return stated === null ? "canceled" : `canceled: ${plain(stated)}`;
  if (status === "FAILED") return "too many failed attempts";
  const reason = (await decisionClaims(deps, operation.id))?.decisions[0]?.reason;
  return reason === undefined ? "rejected" : `rejected: ${plain(reason)}`;
}

/** RFC 6749 §5.2: printable ASCII without quotation mark and backslash. */
function plain(text: string): string {
  return text.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, "?").slice(0, 200);
}
