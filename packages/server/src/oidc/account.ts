/** The person behind a subject: whoever has a device that the client may ask. */
import type { Account, FindAccount } from "oidc-provider";
import type { Deps } from "../deps.ts";
import { approvalClaims } from "./approval-claims.ts";
import { operationOfRequest } from "./backchannel/resolve.ts";
import { settingsOf } from "./backchannel/start.ts";

export function accounts(deps: Pick<Deps, "store" | "secrets">): FindAccount {
  return async (ctx, sub): Promise<Account | undefined> => {
    const { client, route, entities } = ctx.oidc;
    const asked = route === "backchannel_authentication" && client !== undefined;
    if (asked && !(await hasDevice(deps, sub, settingsOf(client).applications))) return undefined;
    return {
      accountId: sub,
      async claims(use) {
        const request = entities.BackchannelAuthenticationRequest;
        if (use !== "id_token" || request === undefined) return { sub };
        const operation = await operationOfRequest(deps, request.jti, false);
        return operation === undefined ? { sub } : { sub, ...(await approvalClaims(deps, operation, request.jti)) };
      },
    };
  };
}

async function hasDevice(
  { store }: Pick<Deps, "store">,
  userId: string,
  applications: readonly string[],
): Promise<boolean> {
  const row = await store.read
    .selectFrom("activation")
    .select("id")
    .where("tenant", "=", store.tenant)
    .where("user_id", "=", userId)
    .where("application_id", "in", [...applications])
    .where("status", "=", "ACTIVE")
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}
