/** What the browser takes back to the client once the operation is decided. */
import type { Client, InteractionResults, Provider } from "oidc-provider";
import type { Deps } from "../../deps.ts";
import type { OperationRow } from "../../store/store.ts";
import { reasonOf } from "../backchannel/resolve.ts";
import { settingsOf } from "../clients/client.ts";
import { authenticationBy, decisionOn, findDecision } from "../decision.ts";
import { together } from "../records.ts";
import { rememberApproval } from "./approvals.ts";
import { type Interaction, subjectNamed } from "./ask.ts";

type FinishDeps = Pick<Deps, "store" | "secrets">;

/** Undefined while nobody has decided. */
export async function resultOf(
  deps: FinishDeps,
  provider: Provider,
  client: Client,
  interaction: Interaction,
  operation: OperationRow,
): Promise<InteractionResults | undefined> {
  const { status } = operation;
  if (status === "PENDING") return undefined;
  if (status === "APPROVED") return granted(deps, provider, client, interaction, operation);
  const text =
    status === "EXPIRED" ? "nobody approved in time" : reasonOf(operation, await findDecision(deps, operation.id));
  return { error: "access_denied", error_description: text };
}

async function granted(
  deps: FinishDeps,
  provider: Provider,
  client: Client,
  { params }: Interaction,
  operation: OperationRow,
): Promise<InteractionResults> {
  const decision = await decisionOn(deps, operation.id);
  const { user_id: accountId } = operation;
  if (accountId === null) throw new Error("An approved operation has no user");
  const named = subjectNamed(params);
  if (named !== undefined && named !== accountId) {
    return { error: "login_required", error_description: "somebody else approved" };
  }
  const grant = new provider.Grant({ accountId, clientId: client.clientId });
  const { scope, resource, claims, authorization_details: details, acr_values: acrValues } = texts(params);
  grant.addOIDCScope(scope ?? "openid");
  const resources = [params["resource"] ?? resource ?? settingsOf(client).resources?.[0]?.uri ?? []].flat() as string[];
  for (const one of resources) grant.addResourceScope(one, scope ?? "");
  const wanted = claims === undefined ? {} : (JSON.parse(claims) as { id_token?: object; userinfo?: object });
  grant.addOIDCClaims([...Object.keys(wanted.id_token ?? {}), ...Object.keys(wanted.userinfo ?? {})]);
  for (const detail of details === undefined ? [] : (JSON.parse(details) as never[])) grant.addRar(detail);
  await together(deps, async () => {
    const grantId = await grant.save();
    await rememberApproval(deps, { grantId, exp: grant.exp, operationId: operation.id });
  });
  const { authTime: ts, ...reached } = authenticationBy(decision, acrValues?.split(" ") ?? []);
  return { login: { accountId, ...reached, ts, remember: false }, consent: { grantId: grant.jti } };
}

function texts(params: Readonly<Record<string, unknown>>): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(Object.entries(params).filter(([, value]) => typeof value === "string")) as never;
}
