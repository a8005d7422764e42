/** Public keys of a client, as it registered them: the keys themselves, or where they are. */
import { createLocalJWKSet, createRemoteJWKSet, customFetch, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";
import type { Client } from "oidc-provider";
import type { Deps } from "../../deps.ts";
import { fetchThrough } from "../fetch.ts";

const remembered = 1000;
const remote = new Map<string, JWTVerifyGetKey>();

export function clientKeys(deps: Pick<Deps, "outbound">, { jwks, jwksUri }: Client): JWTVerifyGetKey {
  if (jwksUri === undefined) return createLocalJWKSet((jwks ?? { keys: [] }) as JSONWebKeySet);
  let keys = remote.get(jwksUri);
  if (keys === undefined) {
    keys = createRemoteJWKSet(new URL(jwksUri), { [customFetch]: (url) => fetchThrough(deps, url) });
    remote.set(jwksUri, keys);
    if (remote.size > remembered) remote.delete(remote.keys().next().value as string);
  }
  return keys;
}
