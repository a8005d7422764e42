/**
 * The answer that a relying party is sent (CIBA §10.3.1, §12). Tokens are made once: making them, redeeming the request
 * and keeping the sealed answer are one commit, and the same answer is sent until it arrived. They live longer than the
 * answer is tried, so that it is never stale.
 */
import { hash } from "node:crypto";
import { type AdapterPayload, type Client, errors, type Provider } from "oidc-provider";
import type { Deps } from "../../deps.ts";
import type { OperationRow } from "../../store/store.ts";
import { approvalClaims } from "../approval-claims.ts";
import { decisionOn, findDecision } from "../decision.ts";
import { AlreadyFinal, recordsByKey, recordsOf, requestModel, rewriteRecord, together } from "../records.ts";
import { resourceServerOf } from "../resources.ts";
import { type BackchannelRequest, grantOf, proofOf, reasonOf } from "./resolve.ts";

type PushDeps = Pick<Deps, "store" | "secrets">;

interface Pushing {
  readonly provider: Provider;
  readonly client: Client;
  readonly payload: AdapterPayload & { readonly jti: string; readonly exp: number };
  readonly operation: OperationRow;
}

/** Of a request that was answered, until the answer has arrived. */
interface Kept {
  readonly body: Readonly<Record<string, unknown>>;
  /** End of the access token, epoch seconds. */
  readonly until: number;
}

/** How long tokens are good for once the request is over, seconds. */
const lifeSeconds = 600;

export async function pushedAnswer(deps: PushDeps, pushing: Pushing): Promise<object | "delivered"> {
  const { payload, operation } = pushing;
  const { jti: auth_req_id } = payload;
  switch (operation.status) {
    case "APPROVED":
      return approved(deps, pushing);
    case "EXPIRED":
      return { auth_req_id, error: "expired_token", error_description: "not answered in time" };
    case "PENDING":
      throw new Error("A result is due before there is a decision");
    case "REJECTED":
    case "CANCELED":
    case "FAILED":
      return {
        auth_req_id,
        error: "access_denied",
        error_description: reasonOf(operation, await findDecision(deps, operation.id)),
      };
  }
}

async function approved(deps: PushDeps, pushing: Pushing): Promise<object | "delivered"> {
  const { payload } = pushing;
  const { jti: auth_req_id } = payload;
  if (payload.grantId === undefined) {
    try {
      await together(deps, () => make(deps, pushing));
    } catch (error) {
      // What was approved cannot be granted any more, such as a resource that the client has lost.
      if (error instanceof errors.OIDCProviderError) {
        return { auth_req_id, error: "transaction_failed", error_description: "tokens cannot be issued" };
      }
      if (!(error instanceof AlreadyFinal)) throw error;
    }
  }
  const { backchannel_id: key } = pushing.operation;
  const made = await recordsByKey(deps, requestModel, key ?? "");
  const { pushed } = (made ?? {}) as { readonly pushed?: Kept };
  if (pushed === undefined) return "delivered";
  const now = Math.floor((await deps.store.now()) / 1000);
  return { auth_req_id, ...pushed.body, expires_in: pushed.until - now };
}

/** Part of a `together`. */
async function make(deps: PushDeps, { provider, client, payload, operation }: Pushing): Promise<void> {
  const request = new provider.BackchannelAuthenticationRequest(payload);
  const given = grantOf(provider, request);
  const grantId = await given.save();
  const decision = await decisionOn(deps, operation.id);
  const proof = proofOf(request, decision);
  const source = { accountId: given.accountId, grantId, gty: "ciba", client, claims: request.claims };
  const until = payload.exp + lifeSeconds;

  const access = new provider.AccessToken({
    ...source,
    expiresIn: until - Math.floor((await deps.store.now()) / 1000),
    ...(proof.rar !== undefined && { rar: proof.rar }),
  } as never);
  const resource = [request.resource ?? []].flat()[0];
  if (resource === undefined) access.scope = given.getOIDCScopeFiltered(request.scopes);
  else {
    const server = new provider.ResourceServer(resource, resourceServerOf(provider, client, resource));
    access.resourceServer = server;
    access.scope = given.getResourceScopeFiltered(
      resource,
      [...request.scopes].filter((scope) => server.scopes.has(scope)),
    );
  }
  const accessToken = await access.save();
  const refreshToken = await refreshTokenOf(provider, request, { ...source, ...proof });
  const idToken = await idTokenOf(provider, {
    client,
    until,
    request,
    scope: given.getOIDCScopeFiltered(request.scopes),
    claims: {
      sub: given.accountId,
      ...(await approvalClaims(operation, decision, payload.jti)),
      acr: proof.acr,
      amr: proof.amr,
      auth_time: proof.authTime,
    },
    hashes: { at_hash: accessToken, ...(refreshToken !== undefined && { refreshToken }) },
  });
  const pushed: Kept = {
    until,
    body: {
      access_token: accessToken,
      token_type: "Bearer",
      id_token: idToken,
      ...(refreshToken !== undefined && { refresh_token: refreshToken }),
      ...(access.scope !== undefined && { scope: access.scope }),
      ...(proof.rar !== undefined && { authorization_details: proof.rar }),
    },
  };
  const records = recordsOf(deps, requestModel);
  await records.upsert(payload.jti, { ...payload, ...proof, grantId, pushed }, 0);
  await records.consume(payload.jti);
}

async function refreshTokenOf(
  provider: Provider,
  request: BackchannelRequest,
  source: { readonly client: Client },
): Promise<string | undefined> {
  if (!source.client.grantTypeAllowed("refresh_token") || !request.scopes.has("offline_access")) return undefined;
  const { nonce, resource, scope } = request;
  const token = new provider.RefreshToken({ ...source, nonce, resource, scope, rotations: 0 } as never);
  return token.save();
}

interface IdTokenParts {
  readonly client: Client;
  readonly until: number;
  readonly request: BackchannelRequest;
  readonly scope: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly hashes: { readonly at_hash: string; readonly refreshToken?: string };
}

async function idTokenOf(provider: Provider, parts: IdTokenParts): Promise<string> {
  const { client, until, request, scope, claims, hashes } = parts;
  const token = new provider.IdToken({ ...claims }, { client, ctx: undefined as never });
  Object.assign(token, { scope, mask: request.claims?.id_token ?? {} });
  token.set("nonce", request.nonce);
  // The provider hashes this one itself.
  token.set("at_hash", hashes.at_hash);
  if (hashes.refreshToken !== undefined) {
    token.set("urn:openid:params:jwt:claim:rt_hash", leftHalf(hashes.refreshToken));
  }
  return token.issue({ use: "idtoken", expiresAt: until });
}

/** CIBA §10.3.1, for ES256. */
function leftHalf(text: string): string {
  return hash("sha256", text, "buffer").subarray(0, 16).toString("base64url");
}

/** It arrived: its tokens are with the relying party, and nowhere else. */
export async function forgetAnswer(deps: PushDeps, key: string): Promise<void> {
  const payload = await recordsByKey(deps, requestModel, key);
  const { pushed, ...rest } = (payload ?? {}) as AdapterPayload & { readonly pushed?: Kept };
  if (pushed !== undefined) await rewriteRecord(deps, requestModel, key, rest);
}
