/** The person behind a subject: whoever has a device that the client may ask. */
import type { Account, FindAccount } from "oidc-provider";
import type { Deps } from "../deps.ts";
import { builtForEach } from "../lists/built-once.ts";
import { approvalClaims } from "./approval-claims.ts";
import { requestFound } from "./backchannel/requests.ts";
import { decisionOn, made } from "./decision.ts";
import { settingsOf } from "./clients/client.ts";
import { operationOfGrant } from "./front/approvals.ts";

export function accounts(deps: Pick<Deps, "store" | "secrets">): FindAccount {
  return async (ctx, sub): Promise<Account | undefined> => {
    const { client, route, entities } = ctx.oidc;
    const asked = route === "backchannel_authentication" && client !== undefined;
    if (asked && !(await hasDevice(deps, sub, settingsOf(client).applications))) return undefined;
    return {
      accountId: sub,
      async claims(use) {
        const { BackchannelAuthenticationRequest: request, AuthorizationCode: code } = entities;
        if (use !== "id_token") return { sub };
        if (request !== undefined) {
          const { operation, decision } = requestFound(ctx) ?? {};
          return { sub, ...(operation && (await approvalClaims(operation, made(decision), request.jti))) };
        }
        const operation = code?.grantId && (await operationOfGrant(deps, code.grantId));
        return { sub, ...(operation && (await approvalClaims(operation, await decisionOn(deps, operation.id)))) };
      },
    };
  };
}

export async function hasDevice(
  { store }: Pick<Deps, "store">,
  userId: string,
  applications: readonly string[],
): Promise<boolean> {
  const rows = await deviceQuery(store, { tenant: store.tenant, userId }, applications);
  return rows.length > 0;
}

const deviceQuery = builtForEach<{ readonly tenant: string; readonly userId: string }, { readonly id: string }>(
  (db, mark, ids) =>
    db
      .selectFrom("activation")
      .select("id")
      .where("tenant", "=", mark("tenant"))
      .where("user_id", "=", mark("userId"))
      .where("application_id", "in", ids)
      .where("status", "=", "ACTIVE")
      .limit(1),
);
