/** Resource servers that a client may ask tokens for (RFC 8707). */
import { type Client, errors, type Provider, type ResourceServer } from "oidc-provider";
import { settingsOf } from "./clients/client.ts";

/** We are one for details without another. Throws `invalid_target` for one that is not the client's. */
export function resourceServerOf({ issuer }: Provider, client: Client, uri: string): ResourceServer {
  if (uri === issuer) return { audience: uri, scope: "", accessTokenFormat: "opaque" };
  const found = settingsOf(client).resources?.find((one) => one.uri === uri);
  if (found === undefined) throw new errors.InvalidTarget();
  return {
    audience: found.uri,
    scope: (found.scopes ?? []).join(" "),
    accessTokenFormat: found.token ?? "opaque",
    jwt: { sign: { alg: "ES256" } },
  };
}
