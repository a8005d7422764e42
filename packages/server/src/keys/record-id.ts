/** Ids that are bearer tokens are kept as keyed hashes: who reads the database can redeem nothing. */
import type { Secrets } from "./secrets.ts";

/** Of a record of the OpenID provider; `model` is the provider's word for its kind. */
export function recordId(secrets: Pick<Secrets, "hash">, model: string, id: string): string {
  return secrets.hash("oidc-record", `${model}:${id}`);
}

/** Of a CIBA request, as it stands at its operation. */
export function backchannelId(secrets: Pick<Secrets, "hash">, authReqId: string): string {
  return recordId(secrets, "BackchannelAuthenticationRequest", authReqId);
}
