/**
 * Profiles that a client can be held to, as one table. A rule about the registered metadata is asked whenever a client is
 * registered, changed or loaded; a rule about a request at every one. What the provider itself holds once the metadata
 * are right (signed requests, the registered way to authenticate, bound tokens, pushed requests) is not said again.
 */
import { cancelGrant, cibaGrant, type ClientSettings } from "./clients/client.ts";

/** The algorithms that FAPI allows, for everybody. */
export const algorithms = ["ES256", "PS256", "Ed25519"] as const;

type Profile = NonNullable<ClientSettings["profile"]>;
type Members = Readonly<Record<string, unknown>>;

interface Rule<Subject> {
  /** Where it stands. */
  readonly clause: string;
  /** What whoever broke it is told. */
  readonly says: string;
  readonly holds: (subject: Subject) => boolean;
}

/** A request to `/backchannel`, once its signature is verified. */
export interface ProfiledRequest {
  readonly parameters: Members;
}

/** A signed request object before anything is done with it. */
export interface ProfiledObject {
  readonly claims: Members;
}

/** A `private_key_jwt` that verified. */
export interface ProfiledAssertion {
  readonly claims: Members;
  readonly issuer: string;
}

interface Rules {
  readonly metadata: readonly Rule<Members>[];
  readonly request: readonly Rule<ProfiledRequest>[];
  readonly object: readonly Rule<ProfiledObject>[];
  readonly assertion: readonly Rule<ProfiledAssertion>[];
}

const strongMethods = ["private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"];
export const longestObjectSeconds = 3600;

const authenticated: Rule<Members> = {
  clause: "FAPI 1.0 Advanced 5.2.2-14, FAPI 2.0 5.3.2.1-6",
  says: "token_endpoint_auth_method must be private_key_jwt, tls_client_auth or self_signed_tls_client_auth",
  holds: ({ token_endpoint_auth_method: method }) => oneOf(method, strongMethods),
};
const bound: Rule<Members> = {
  clause: "FAPI 1.0 Advanced 5.2.2-5, FAPI 2.0 5.3.2.1-4",
  says: "access tokens must be bound: dpop_bound_access_tokens or tls_client_certificate_bound_access_tokens",
  holds: (metadata) =>
    metadata["dpop_bound_access_tokens"] === true || metadata["tls_client_certificate_bound_access_tokens"] === true,
};
const onlyGrants = (grants: readonly string[]): Rule<Members> => ({
  clause: "one client, one profile",
  says: `grant_types must be of ${grants.join(", ")}`,
  holds: ({ grant_types: wanted }) => Array.isArray(wanted) && wanted.every((grant) => oneOf(grant, grants)),
});

const profiles: Readonly<Record<Profile, Rules>> = {
  "fapi-ciba": {
    metadata: [
      authenticated,
      bound,
      onlyGrants([cibaGrant, cancelGrant, "refresh_token"]),
      {
        clause: "FAPI-CIBA 5.2.2-3",
        says: "backchannel_token_delivery_mode must be poll or ping",
        holds: ({ backchannel_token_delivery_mode: mode = "poll" }) => oneOf(mode, ["poll", "ping"]),
      },
      {
        clause: "FAPI-CIBA 5.2.2-1",
        says: `backchannel_authentication_request_signing_alg must be one of ${algorithms.join(", ")}`,
        holds: ({ backchannel_authentication_request_signing_alg: alg }) => oneOf(alg, algorithms),
      },
    ],
    object: [
      {
        clause: "FAPI-CIBA 5.2.2, FAPI 1.0 Advanced 5.2.2-13",
        says: "exp must be at most 60 minutes after nbf",
        holds: ({ claims: { exp, nbf } }) =>
          typeof exp === "number" && typeof nbf === "number" && exp > nbf && exp - nbf <= longestObjectSeconds,
      },
    ],
    request: [
      {
        clause: "FAPI-CIBA 5.2.2-2",
        says: "binding_message or authorization_details must say what this is about",
        holds: ({ parameters }) =>
          parameters["binding_message"] !== undefined || parameters["authorization_details"] !== undefined,
      },
    ],
    assertion: [],
  },
  fapi2: {
    metadata: [
      authenticated,
      bound,
      onlyGrants(["authorization_code", "refresh_token"]),
      {
        clause: "FAPI 2.0 5.3.2.2-1",
        says: "response_types must be code",
        holds: ({ response_types: types }) => Array.isArray(types) && types.length === 1 && types[0] === "code",
      },
      {
        clause: "FAPI 2.0 5.3.2.2-3",
        says: "require_pushed_authorization_requests must be true",
        holds: (metadata) => metadata["require_pushed_authorization_requests"] === true,
      },
      {
        clause: "FAPI 2.0 5.3.2.2-8",
        says: "redirect_uris must be https",
        holds: ({ redirect_uris: uris }) =>
          Array.isArray(uris) && uris.every((uri) => typeof uri === "string" && uri.startsWith("https://")),
      },
    ],
    object: [],
    request: [],
    assertion: [
      {
        clause: "FAPI 2.0 5.3.2.1-8",
        says: "aud of the client assertion must be the issuer",
        holds: ({ claims: { aud }, issuer }) => aud === issuer,
      },
    ],
  },
};

/** What the metadata break, in words; undefined where there is no profile, or nothing is broken. */
export function metadataDefect(profile: Profile | undefined, metadata: Members): string | undefined {
  return broken(profile && profiles[profile].metadata, metadata);
}

export function requestDefect(profile: Profile | undefined, request: ProfiledRequest): string | undefined {
  return broken(profile && profiles[profile].request, request);
}

export function objectDefect(profile: Profile | undefined, object: ProfiledObject): string | undefined {
  return broken(profile && profiles[profile].object, object);
}

export function assertionDefect(profile: Profile | undefined, assertion: ProfiledAssertion): string | undefined {
  return broken(profile && profiles[profile].assertion, assertion);
}

/** FAPI 2.0 §5.3.2.2-5; everybody else is asked for it by RFC 9700 only where there is no secret. */
export function needsPkce(profile: Profile | undefined): boolean {
  return profile === "fapi2";
}

function broken<Subject>(rules: readonly Rule<Subject>[] | undefined, subject: Subject): string | undefined {
  return rules?.find(({ holds }) => !holds(subject))?.says;
}

function oneOf(value: unknown, allowed: readonly string[]): boolean {
  return typeof value === "string" && allowed.includes(value);
}
