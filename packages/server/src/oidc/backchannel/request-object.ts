/** Signed requests to `/backchannel` (CIBA Core §7.1.1): what they must say, and that each is good once. */
import { decodeJwt } from "jose";
import { errors, type KoaContextWithOIDC } from "oidc-provider";
import { longestObjectSeconds, objectDefect } from "../profiles.ts";
import { clockTolerance } from "./hints.ts";
import { settingsOf } from "../clients/client.ts";

type Client = NonNullable<KoaContextWithOIDC["oidc"]["client"]>;

/** Before the signature is verified: nothing is remembered of a request that anybody may have made up. */
export function checkRequestObject(
  ctx: KoaContextWithOIDC,
  claims: Readonly<Record<string, unknown>>,
  client: Client,
): void {
  if (ctx.oidc.route !== "backchannel_authentication") {
    // Whoever finds a signed link can open it until then.
    const { exp, iat = 0 } = claims as { readonly exp?: number; readonly iat?: number };
    const age = (exp ?? 0) - iat;
    if (exp === undefined || age > longestObjectSeconds)
      throw new errors.InvalidRequestObject("exp must be within an hour of iat");
    return;
  }
  const missing = ["exp", "iat", "nbf"].find((name) => typeof claims[name] !== "number");
  if (missing !== undefined) throw new errors.InvalidRequestObject(`Request Object has no '${missing}'`);
  if (typeof claims["jti"] !== "string" || claims["jti"] === "") {
    throw new errors.InvalidRequestObject("Request Object has no 'jti'");
  }
  const defect = objectDefect(settingsOf(client).profile, { claims });
  if (defect !== undefined) throw new errors.InvalidRequestObject(defect);
}

/** After it is verified: the first one has it, on whatever node. */
export async function useRequestObject(ctx: KoaContextWithOIDC, client: Client): Promise<void> {
  const { request } = (ctx.oidc.body ?? {}) as { readonly request?: unknown };
  if (typeof request !== "string") return;
  const { jti = "", exp = 0 } = decodeJwt(request);
  const issuer = `request ${client.clientId}`;
  if (await ctx.oidc.provider.ReplayDetection.unique(issuer, jti, exp + clockTolerance)) return;
  throw new errors.InvalidRequest("this request was used before");
}
