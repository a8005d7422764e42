/** Whom a CIBA request means (CIBA Core §7.1): a user id, or a statement about one that the client signed. */
import { errors as joseErrors, jwtVerify } from "jose";
import { errors, type KoaContextWithOIDC } from "oidc-provider";
import type { Deps } from "../../deps.ts";
import { clientKeys } from "../clients/keys.ts";
import { algorithms } from "../profiles.ts";

/** Such as can be a user's id. */
// oxlint-disable-next-line no-control-regex -- texts that no store keeps
const userId = /^[^\u0000-\u001f\u007f\ud800-\udfff]{1,255}$/u;

/** Undefined for what cannot be anybody's. */
export function readLoginHint(hint: unknown): string | undefined {
  return typeof hint === "string" && userId.test(hint) ? hint : undefined;
}

/** Seconds that clocks may differ. */
export const clockTolerance = 10;

/**
 * A JWT by the client's registered key: `iss` is the client, `aud` is us, `exp` and `jti` are there, and the user is `sub`
 * or a `sub_id` (RFC 9493) of format `opaque` or `iss_sub`. It is good once.
 */
export async function readLoginHintToken(
  deps: Pick<Deps, "outbound">,
  ctx: KoaContextWithOIDC,
  token: string,
): Promise<string | undefined> {
  const { client, provider } = ctx.oidc;
  if (client === undefined) throw new Error("There is no client yet");
  const claims = await verified(deps, ctx, token);
  const { jti, exp = 0 } = claims;
  if (typeof jti !== "string" || jti === "") throw new errors.InvalidRequest("login_hint_token has no jti");
  const unique = await provider.ReplayDetection.unique(
    `login_hint_token ${client.clientId}`,
    jti,
    exp + clockTolerance,
  );
  if (!unique) throw new errors.InvalidRequest("login_hint_token was used before");
  return readLoginHint(claims.sub ?? subjectOf(claims["sub_id"], provider.issuer));
}

async function verified(deps: Pick<Deps, "outbound">, ctx: KoaContextWithOIDC, token: string) {
  const { client, provider } = ctx.oidc;
  if (client === undefined) throw new Error("There is no client yet");
  try {
    const { payload } = await jwtVerify(token, clientKeys(deps, client), {
      issuer: client.clientId,
      audience: provider.issuer,
      algorithms: [...algorithms],
      requiredClaims: ["exp"],
      clockTolerance,
    });
    return payload;
  } catch (error) {
    if (error instanceof joseErrors.JWTExpired) throw new errors.ExpiredLoginHintToken("login_hint_token is expired");
    throw new errors.InvalidRequest("login_hint_token cannot be verified");
  }
}

function subjectOf(value: unknown, issuer: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  const { format, id, iss, sub } = value as Readonly<Record<string, unknown>>;
  if (format === "opaque") return id;
  return format === "iss_sub" && iss === issuer ? sub : undefined;
}
