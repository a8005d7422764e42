/**
 * Writes the outcome of a decided operation into the CIBA request that waits for it. The operation is the truth: this
 * may run on any node, any number of times, before or after a kill, and the first result stays.
 */
import { errors, type Provider } from "oidc-provider";
import type { ReceiptDecision } from "@countersign/protocol/receipt";
import type { Deps } from "../../deps.ts";
import type { OperationRow } from "../../store/store.ts";
import { authenticationBy, made } from "../decision.ts";
import { AlreadyFinal, together } from "../records.ts";

/**
 * Whether there is a result now: not while the operation is pending, nor where time is over by itself. `first` runs in
 * the same commit.
 */
export async function resolveRequest(
  deps: Pick<Deps, "store">,
  { provider, request, operation, decision }: Resolving,
  first?: () => Promise<void>,
): Promise<boolean> {
  const { status } = operation;
  if (status === "PENDING" || status === "EXPIRED") return false;
  try {
    await together(deps, async () => {
      await first?.();
      if (status === "APPROVED") await grant(provider, request, made(decision));
      else await deny(provider, request, reasonOf(operation, decision));
    });
  } catch (error) {
    if (!(error instanceof AlreadyFinal)) throw error;
  }
  return true;
}

interface Resolving {
  readonly provider: Provider;
  readonly request: BackchannelRequest;
  readonly operation: OperationRow;
  readonly decision: ReceiptDecision | undefined;
}

export type BackchannelRequest = InstanceType<Provider["BackchannelAuthenticationRequest"]>;

async function grant(provider: Provider, request: BackchannelRequest, decision: ReceiptDecision): Promise<void> {
  const given = grantOf(provider, request);
  await given.save();
  await provider.backchannelResult(request, given, proofOf(request, decision));
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

async function deny(provider: Provider, request: BackchannelRequest, text: string): Promise<void> {
  // The provider keeps a description only where its model has it.
  request.errorDescription = text;
  await provider.backchannelResult(request, new errors.AccessDenied(text));
}

/** What the relying party is told: who stopped it, and the person's own word where there is one. */
export function reasonOf({ status, status_reason: stated }: OperationRow, decision?: ReceiptDecision): string {
  if (status === "CANCELED") return stated === null ? "canceled" : `canceled: ${plain(stated)}`;
  if (status === "FAILED") return "too many failed attempts";
  const reason = decision?.reason;
  return reason === undefined ? "rejected" : `rejected: ${plain(reason)}`;
}

/** RFC 6749 §5.2: printable ASCII without quotation mark and backslash. */
function plain(text: string): string {
  return text.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, "?").slice(0, 200);
}
