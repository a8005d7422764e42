/** How the OpenID provider is set up: what is on, who is asked, how long things live. */
import type { JWK } from "jose";
import {
  type Adapter,
  type Client,
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
import { clockTolerance, readLoginHint, readLoginHintToken } from "./backchannel/hints.ts";
import { checkRequestObject } from "./backchannel/request-object.ts";
import { askPerson, checkBindingMessage, longestSeconds, readRequest, wantedBy } from "./backchannel/start.ts";
import { certificateOf, subjectMatches } from "./client-certificate.ts";
import { clientsOf } from "./clients/adapter.ts";
import { cancelGrant, cibaGrant, deliveryMember, readClientSettings, settingsOf } from "./clients/client.ts";
import { registration } from "./clients/registration.ts";
import { textDefect } from "./details/read.ts";
import { fetchThrough } from "./fetch.ts";
import { everyTime } from "./front/policy.ts";
import { interactionPath, showFailure } from "./front/serve.ts";
import { oidcPath } from "./path.ts";
import { algorithms, assertionDefect, metadataDefect, needsPkce } from "./profiles.ts";
import { recordsOf, requestModel } from "./records.ts";
import { resourceServerOf } from "./resources.ts";
import type { AuthorizationTypes } from "./details/authorization-types.ts";
import { verifyUserCode } from "./user-code/verify.ts";

interface Parts {
  readonly types: AuthorizationTypes;
  /** The active one first. */
  readonly keys: readonly JWK[];
  /** For what runs after it was built. */
  readonly provider: () => Provider;
}

export const clientDefaults = {
  grant_types: [cibaGrant, cancelGrant],
  response_types: [],
  redirect_uris: [],
  id_token_signed_response_alg: "ES256",
  token_endpoint_auth_method: "client_secret_basic",
} satisfies Configuration["clientDefaults"];

/** Certificates are good for something only where a proxy passes them on. */
function authMethods({ config }: Pick<Deps, "config">): ClientAuthMethod[] {
  return [
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
    ...(config.clientCertificateHeader === undefined ? [] : (["self_signed_tls_client_auth"] as const)),
    ...(config.clientCertificateVerifiedHeader === undefined ? [] : (["tls_client_auth"] as const)),
  ];
}

export function configuration(deps: Deps, { types, keys, provider }: Parts): Configuration {
  const secretOf = (label: string) => Buffer.from(deps.secrets.hash("oidc", label), "base64url");
  return {
    adapter: (model) => {
      if (model === "Client") return clientsOf(deps, types);
      if (model === "Session") return noSessions;
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
    clientDefaults,
    extraClientMetadata: {
      properties: ["countersign", deliveryMember],
      validator: (_ctx, key, value, metadata) => (key === "countersign" ? check(value, metadata) : undefined),
    },
    clientAuthMethods: authMethods(deps),
    clockTolerance,
    assertJwtClientAuthClaimsAndHeader(ctx, claims, _header, client) {
      const defect = assertionDefect(settingsOf(client).profile, { claims, issuer: ctx.oidc.issuer });
      if (defect !== undefined) throw new errors.InvalidClientAuth(defect);
    },
    // There are no sessions to end with.
    expiresWithSession: () => false,
    pkce: { required: (_ctx, client) => needsPkce(settingsOf(client).profile) || client.clientAuthMethod === "none" },
    interactions: {
      url: (_ctx, { uid }) => `${deps.publicUrl}${oidcPath}${interactionPath}/${uid}`,
      policy: everyTime(),
    },
    renderError: (ctx, { error }) => showFailure(deps, ctx, ctx.status, error),
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
      AuthorizationCode: 60,
      // Longer than anybody is asked for: the operation ends first.
      Interaction: longestSeconds + 60,
      Grant: 86_400,
      IdToken: 600,
      RefreshToken: 86_400,
      Session: 600,
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
      rpInitiatedLogout: { enabled: false },
      introspection: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) =>
          token.clientId === client.clientId || servesOneOf(settingsOf(client).introspects, token),
      },
      revocation: { enabled: true },
      claimsParameter: { enabled: true },
      dPoP: { enabled: true, nonceSecret: secretOf("dpop-nonce") },
      mTLS: mutualTls(deps),
      ...registration(deps),
      requestObjects: {
        enabled: true,
        assertJwtClaimsAndHeader: (ctx, claims, _header, client) => checkRequestObject(ctx, claims, client),
      },
      pushedAuthorizationRequests: { enabled: true },
      resourceIndicators: {
        enabled: true,
        // Who asked for a resource at the start has no need to say so again.
        useGrantedResource: () => true,
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
        authorizationDetailsForGrantSource: (ctx, source) => source.rar ?? ctx.oidc.entities.Grant?.rar,
        authorizationDetailsForAccessToken: (_ctx, _token, source) => source?.rar,
        authorizationDetailsForIntrospection: (_ctx, token) => (token as { rar?: never }).rar,
      },
      ciba: {
        enabled: true,
        deliveryModes: ["poll", "ping"],
        processLoginHint: (_ctx, hint) => readLoginHint(hint),
        processLoginHintToken: (ctx, token) =>
          readLoginHint(wantedBy(ctx).hint?.usercode) ?? readLoginHintToken(deps, ctx, token ?? ""),
        verifyUserCode: (ctx, { accountId }, userCode) =>
          verifyUserCode(deps, ctx.oidc.client as Client, accountId, userCode),
        validateBindingMessage: (_ctx, message) => checkBindingMessage(message),
        validateRequestContext: (ctx) => readRequest(deps, types, ctx),
        triggerAuthenticationDevice: (ctx, request, _account, client) => askPerson(deps, ctx, request, client),
      },
    },
  };
}

/** RFC 8705. Without the proxy's word on the chain, only certificates that are registered themselves are good. */
function mutualTls({ config }: Pick<Deps, "config">): NonNullable<NonNullable<Configuration["features"]>["mTLS"]> {
  if (config.clientCertificateHeader === undefined) return { enabled: false };
  const shared = {
    enabled: true,
    certificateBoundAccessTokens: true,
    selfSignedTlsClientAuth: true,
    getCertificate: (ctx: KoaContextWithOIDC) => certificateOf(ctx.req)?.certificate,
  } as const;
  if (config.clientCertificateVerifiedHeader === undefined) return shared;
  return {
    ...shared,
    tlsClientAuth: true,
    certificateAuthorized: (ctx) => certificateOf(ctx.req)?.verified === true,
    certificateSubjectMatches(ctx, property, expected) {
      const certificate = certificateOf(ctx.req);
      return certificate !== undefined && subjectMatches(certificate, property, expected);
    },
  };
}

/** Whenever a client is registered, changed or loaded. */
function check(value: unknown, metadata: object): void {
  const settings = readClientSettings(value);
  const defect = settings === undefined ? "countersign" : metadataDefect(settings.profile, metadata as never);
  if (defect !== undefined) throw new errors.InvalidClientMetadata(defect);
}

/** Whose tokens a resource server may ask about: those that are for it. */
function servesOneOf(resources: readonly string[] = [], token: object): boolean {
  const { aud } = token as { readonly aud?: string | readonly string[] };
  return [aud ?? []].flat().some((one) => resources.includes(one));
}

/** Each authorization is approved on a device: nobody stays signed in. */
const noSessions: Adapter = {
  find: () => Promise.resolve(undefined),
  findByUid: () => Promise.resolve(undefined),
  findByUserCode: () => Promise.resolve(undefined),
  upsert: () => Promise.resolve(),
  consume: () => Promise.resolve(),
  destroy: () => Promise.resolve(),
  revokeByGrantId: () => Promise.resolve(),
};
