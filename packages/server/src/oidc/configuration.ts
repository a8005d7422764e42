/** How the OpenID provider is set up: what is on, who is asked, how long things live. */
import type { JWK } from "jose";
import {
  type ClientAuthMethod,
  type Configuration,
  errors,
  type KoaContextWithOIDC,
  type Provider,
} from "oidc-provider";
import type { Deps } from "../deps.ts";
import { accounts } from "./account.ts";
import { acrValues } from "./acr.ts";
import { approvalClaimNames, compatibleClaimNames, compatibleScope } from "./approval-claims.ts";
import { requestsOf } from "./backchannel/requests.ts";
import { askPerson, checkBindingMessage, readRequest, settingsOf, wantedBy } from "./backchannel/start.ts";
import { clientsOf } from "./clients/adapter.ts";
import { cancelGrant, cibaGrant, deliveryMember } from "./clients/client.ts";
import { textDefect } from "./details/read.ts";
import { recordsOf, requestModel } from "./records.ts";
import { resourceServerOf } from "./resources.ts";
import type { AuthorizationTypes } from "./types.ts";

interface Parts {
  readonly types: AuthorizationTypes;
  /** The active one first. */
  readonly keys: readonly JWK[];
  /** For what runs after it was built. */
  readonly provider: () => Provider;
}

/** The algorithms that FAPI allows, for everybody. */
const algorithms = ["ES256", "PS256", "Ed25519"] as const;
const authMethods: readonly ClientAuthMethod[] = ["client_secret_basic", "client_secret_post", "private_key_jwt"];

export function configuration(deps: Deps, { types, keys, provider }: Parts): Configuration {
  const secretOf = (label: string) => Buffer.from(deps.secrets.hash("oidc", label), "base64url");
  return {
    adapter: (model) => {
      if (model === "Client") return clientsOf(deps, types);
      return model === requestModel ? requestsOf(deps, provider) : recordsOf(deps, model);
    },
    jwks: { keys },
    findAccount: accounts(deps),
    acrValues,
    scopes: ["openid", "offline_access", compatibleScope],
    claims: {
      openid: ["sub", "acr", "amr", "auth_time", ...approvalClaimNames],
      [compatibleScope]: [...compatibleClaimNames],
    },
    // What an approval proves belongs into the ID token, whatever else is asked for.
    conformIdTokenClaims: false,
    clientDefaults: {
      grant_types: [cibaGrant, cancelGrant],
      response_types: [],
      redirect_uris: [],
      id_token_signed_response_alg: "ES256",
      token_endpoint_auth_method: "client_secret_basic",
    },
    extraClientMetadata: { properties: ["countersign", deliveryMember] },
    clientAuthMethods: [...authMethods],
    enabledJWA: {
      idTokenSigningAlgValues: ["ES256"],
      clientAuthSigningAlgValues: [...algorithms],
      requestObjectSigningAlgValues: [...algorithms],
      dPoPSigningAlgValues: [...algorithms],
    },
    cookies: { keys: [deps.secrets.hash("oidc", "cookies")] },
    ttl: {
      BackchannelAuthenticationRequest: (ctx) => wantedBy(ctx).seconds,
      AccessToken: 600,
      Grant: 86_400,
      IdToken: 600,
      RefreshToken: 86_400,
    },
    routes: {
      authorization: "/authorize",
      backchannel_authentication: "/backchannel",
      token: "/token",
      jwks: "/jwks.json",
      introspection: "/introspect",
      revocation: "/revoke",
      userinfo: "/userinfo",
      registration: "/clients",
      pushed_authorization_request: "/par",
    },
    fetch: (url, options) => fetchThrough(deps, url, options),
    features: {
      devInteractions: { enabled: false },
      introspection: { enabled: true },
      revocation: { enabled: true },
      claimsParameter: { enabled: true },
      dPoP: { enabled: true, nonceSecret: secretOf("dpop-nonce") },
      requestObjects: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
      resourceIndicators: {
        enabled: true,
        // Details are of some resource server; of us, where the client names none.
        defaultResource: (ctx, client) =>
          settingsOf(client).resources?.[0]?.uri ??
          (ctx.oidc.params?.["authorization_details"] === undefined ? [] : provider().issuer),
        getResourceServerInfo: (_ctx, resource, client) => resourceServerOf(provider(), client, resource),
      },
      richAuthorizationRequests: {
        enabled: true,
        types: Object.fromEntries(
          [...types.values()].map(({ type, accepts }) => [
            type,
            {
              validate(ctx: KoaContextWithOIDC, details: unknown) {
                const text = ctx.oidc.params?.["authorization_details"];
                const defect = typeof text === "string" ? textDefect(text) : "no text";
                if (defect !== undefined) throw new errors.InvalidAuthorizationDetails(defect);
                if (!accepts(details)) throw new errors.InvalidAuthorizationDetails(`not of type ${type}`);
              },
            },
          ]),
        ) as never,
        authorizationDetailsForGrantSource: (_ctx, source) => source.rar,
        authorizationDetailsForAccessToken: (_ctx, _token, source) => source?.rar,
        authorizationDetailsForIntrospection: (_ctx, token) => (token as { rar?: never }).rar,
      },
      ciba: {
        enabled: true,
        deliveryModes: ["poll", "ping"],
        processLoginHint: (_ctx, hint) => hint,
        processLoginHintToken() {
          throw new errors.InvalidRequest("login_hint_token");
        },
        verifyUserCode() {},
        validateBindingMessage: (_ctx, message) => checkBindingMessage(message),
        validateRequestContext: (ctx) => readRequest(deps, types, ctx),
        triggerAuthenticationDevice: (ctx, request, _account, client) => askPerson(deps, ctx, request, client),
      },
    },
  };
}

/** The provider's own calls: keys of clients are fetched by our only way out; pings are sent by the outbox. */
async function fetchThrough(
  { outbound }: Pick<Deps, "outbound">,
  url: string | URL | Request,
  options: RequestInit = {},
): Promise<Response> {
  if (options.method === "POST") return new Response(null, { status: 204 });
  const answer = await outbound({
    url: url instanceof Request ? url.url : url.toString(),
    method: "GET",
    headers: { accept: "application/json" },
  });
  if ("failed" in answer) throw new Error(answer.failed);
  return new Response(answer.body, { status: answer.status, headers: { "content-type": "application/json" } });
}
