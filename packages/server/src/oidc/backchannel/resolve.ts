/**
 * Writes the outcome of a decided operation into the CIBA request that waits for it. The operation is the truth: this
 * may run on any node, any number of times, before or after a kill, and the first result stays.
 */
import type { AdapterPayload, Provider } from "oidc-provider";
import { errors } from "oidc-provider";
import type { Deps } from "../../deps.ts";
import { backchannelId } from "../../keys/record-id.ts";
import { decisionClaims } from "../../operations/detail.ts";
import { settled } from "../../operations/expire.ts";
import type { Change, OperationRow } from "../../store/store.ts";
import { amrOf, reachedAcr } from "../acr.ts";
import { AlreadyFinal, together } from "../records.ts";

type ResolveDeps = Pick<Deps, "store" | "secrets">;

export const requestModel = "BackchannelAuthenticationRequest";

/** The operation that this `auth_req_id` asks for, as it stands now. */
export async function operationOfRequest(deps: ResolveDeps, authReqId: string): Promise<OperationRow | undefined> {
  const row = await deps.store.read
    .selectFrom("operation")
    .selectAll()
    .where("tenant", "=", deps.store.tenant)
    .where("backchannel_id", "=", backchannelId(deps.secrets, authReqId))
    .executeTakeFirst();
  return row && settled(deps, row, await deps.store.now());
}

/** Whether there is a result now: not while the operation is pending, nor where time is over by itself. */
export async function resolveRequest(
  deps: ResolveDeps,
  provider: Provider,
  payload: AdapterPayload,
  operation: OperationRow,
  first?: (change: Change) => Promise<void>,
): Promise<boolean> {
  if (operation.status === "PENDING" || operation.status === "EXPIRED") return false;
  const request = new provider.BackchannelAuthenticationRequest(payload);
  try {
    await together(
      deps,
      async () => {
        if (operation.status === "APPROVED") await grant(deps, provider, request, operation);
        else await deny(deps, provider, request, operation);
      },
      first,
    );
  } catch (error) {
    if (!(error instanceof AlreadyFinal)) throw error;
  }
  return true;
}

type Request = InstanceType<Provider["BackchannelAuthenticationRequest"]>;

async function grant(deps: ResolveDeps, provider: Provider, request: Request, { id }: OperationRow): Promise<void> {
  const claims = await decisionClaims(deps, id);
  const decision = claims?.decisions[0];
  if (decision === undefined) throw new Error("An approved operation has no decision");
  const { accountId, clientId, scope = "", params = {}, claims: wanted } = request;
  if (accountId === undefined || clientId === undefined) throw new Error("A request names nobody");
  const given = new provider.Grant({ accountId, clientId });
  given.addOIDCScope(scope);
  for (const resource of [request.resource ?? []].flat()) given.addResourceScope(resource, scope);
  given.addOIDCClaims([...Object.keys(wanted?.id_token ?? {}), ...Object.keys(wanted?.userinfo ?? {})]);
  await given.save();
  const { factors } = decision.evidence;
  const { acr_values: acrValues, authorization_details: details } = params;
  const acr = reachedAcr(typeof acrValues === "string" ? acrValues.split(" ") : [], factors);
  await provider.backchannelResult(request, given, {
    ...(acr !== undefined && { acr }),
    amr: amrOf(factors),
    authTime: Math.floor(decision.at / 1000),
    ...(typeof details === "string" && { rar: JSON.parse(details) as never }),
  });
}

async function deny(deps: ResolveDeps, provider: Provider, request: Request, operation: OperationRow): Promise<void> {
  const text = await reasonOf(deps, operation);
  // The provider keeps a description only where its model has it.
  request.errorDescription = text;
  await provider.backchannelResult(request, new errors.AccessDenied(text));
}

/** What the relying party is told: who stopped it, and the person's own word where there is one. */
async function reasonOf(deps: ResolveDeps, operation: OperationRow): Promise<string> {
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
