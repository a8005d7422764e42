/**
 * What a device signed by itself (Approve protocol §9), as OpenID says it: an ID token for the app that asked, and a CIBA
 * request, decided from the start, that the client redeems once.
 */
import type { Deps } from "../deps.ts";
import type { DirectRequestTable } from "../store/schema.ts";
import type { Change } from "../store/store.ts";
import { approvalClaims } from "./approval-claims.ts";
import type { FoundRequest } from "./backchannel/find.ts";
import { authenticationBy, decisionOn, findDecision } from "./decision.ts";
import { AlreadyFinal, requestModel } from "./records.ts";
import { oidcPath } from "./path.ts";

type DirectDeps = Pick<Deps, "store" | "signingKeys" | "publicUrl">;

/** Undefined where the person declined: nobody signed in. */
export async function directIdToken(deps: DirectDeps, requestId: string): Promise<string | undefined> {
  const row = await findDirectRequest(deps, requestId);
  const operation = row && (await deps.store.findOperation(row.operation_id));
  if (row === undefined || operation === undefined) throw new Error("A direct request was not kept");
  if (operation.status !== "APPROVED") return undefined;
  const decision = await decisionOn(deps, operation.id);
  const { authTime, ...reached } = authenticationBy(decision, []);
  return deps.signingKeys.sign("oidc", "JWT", {
    iss: `${deps.publicUrl}${oidcPath}`,
    aud: row.client_id,
    sub: operation.user_id,
    iat: authTime,
    exp: Math.floor(row.expires_at / 1000),
    auth_time: authTime,
    ...reached,
    ...(await approvalClaims(operation, decision, requestId)),
  });
}

/** As the provider would have kept it, had the client asked. */
export async function findDirect(deps: Pick<Deps, "store">, requestId: string): Promise<FoundRequest | undefined> {
  const row = await findDirectRequest(deps, requestId);
  const operation = row && (await deps.store.findOperation(row.operation_id));
  if (row === undefined || operation === undefined || operation.user_id === null) return undefined;
  if (row.redeemed_at !== null) return undefined;
  const payload = {
    kind: requestModel,
    jti: requestId,
    iat: Math.floor(operation.created_at / 1000),
    exp: Math.floor(row.expires_at / 1000),
    clientId: row.client_id,
    accountId: operation.user_id,
    scope: "openid",
    params: {},
  };
  return { payload, operation, decision: await findDecision(deps, operation.id) };
}

/** Once: a request that was redeemed, and forgotten since, does not come back. */
export function adoptDirectRequest({ store }: Pick<Deps, "store">, id: string) {
  return async ({ db, now }: Change): Promise<void> => {
    const { numUpdatedRows } = await db
      .updateTable("direct_request")
      .set({ redeemed_at: now })
      .where("tenant", "=", store.tenant)
      .where("id", "=", id)
      .where("redeemed_at", "is", null)
      .executeTakeFirstOrThrow();
    if (numUpdatedRows !== 1n) throw new AlreadyFinal("A direct request was adopted");
  };
}

async function findDirectRequest({ store }: Pick<Deps, "store">, id: string): Promise<DirectRequestTable | undefined> {
  return store.read
    .selectFrom("direct_request")
    .selectAll()
    .where("tenant", "=", store.tenant)
    .where("id", "=", id)
    .executeTakeFirst();
}
