/**
 * A token request is one commit: the result of the operation, the redemption and the tokens are written together, so
 * that nobody loses an approval between two of them. What a request that failed would have redeemed is not redeemed.
 */
import { errors, type KoaContextWithOIDC, type Provider } from "oidc-provider";
import type { Deps } from "../deps.ts";
import { backchannelId } from "../keys/record-id.ts";
import { AlreadyFinal, recordsByKey, requestModel, together } from "./records.ts";

type Middleware = Parameters<Provider["use"]>[0];

type Needed = Pick<Deps, "store" | "secrets">;

export function oneCommit(deps: Needed): Middleware {
  return async (ctx, next) => {
    if (ctx.path !== "/token") return next();
    try {
      await together(deps, next, () => ctx.status < 400);
    } catch (error) {
      const { error: code, error_description: text } = await asAnswered(deps, ctx, error);
      ctx.status = 400;
      ctx.body = { error: code, error_description: text };
    }
  };
}

/** Somebody else was faster: what they left is the answer. */
async function asAnswered(deps: Needed, ctx: object, error: unknown): Promise<errors.OIDCProviderError> {
  if (error instanceof errors.OIDCProviderError) return error;
  if (!(error instanceof AlreadyFinal)) throw error;
  const { auth_req_id: id } = (ctx as Partial<KoaContextWithOIDC>).oidc?.params ?? {};
  const left = typeof id === "string" && (await recordsByKey(deps, requestModel, backchannelId(deps.secrets, id)));
  if (!left || left.consumed !== undefined) return new errors.InvalidGrant("already consumed");
  const { errorDescription } = left as { readonly errorDescription?: string };
  if (left.error !== undefined) return new errors.AccessDenied(errorDescription);
  return new errors.AuthorizationPending("ask again");
}
