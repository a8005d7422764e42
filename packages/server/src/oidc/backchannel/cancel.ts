/**
 * A relying party gives up a request that nobody has decided yet: grant type
 * `urn:countersign:params:grant-type:ciba-cancel` at the token endpoint, parameter `auth_req_id`, the client's own
 * authentication. Answers `{}`; the same again gets the same. `invalid_grant`: not this client's, or decided before.
 */
import { errors, type KoaContextWithOIDC } from "oidc-provider";
import type { Deps } from "../../deps.ts";
import { isRefusal } from "../../errors.ts";
import { backchannelId } from "../../keys/record-id.ts";
import { cancelOperation } from "../../operations/decide-in-back-office.ts";
import { findRequest } from "./find.ts";

/** What the person's app is told. */
const reason = "RELYING_PARTY";

export function cancelRequest(deps: Pick<Deps, "store" | "secrets" | "random">) {
  return async (ctx: KoaContextWithOIDC): Promise<void> => {
    const { client, params } = ctx.oidc;
    const id = params?.["auth_req_id"];
    if (client === undefined) throw new Error("There is no client yet");
    if (typeof id !== "string") throw new errors.InvalidRequest("missing required parameter(s) 'auth_req_id'");
    const found = await findRequest(deps, backchannelId(deps.secrets, id));
    const operation = found?.payload.clientId === client.clientId ? found.operation : undefined;
    if (operation === undefined) throw new errors.InvalidGrant("backchannel authentication request not found");
    const { clientId } = client;
    const result = await cancelOperation(deps, { operationId: operation.id, clientId, reason, sees: () => true });
    if (isRefusal(result)) throw new errors.TemporarilyUnavailable("try again");
    if (!isCanceled(result)) throw new errors.InvalidGrant("decided before");
    ctx.body = {};
  };
}

type Result = Exclude<Awaited<ReturnType<typeof cancelOperation>>, { readonly refused: unknown }>;

function isCanceled(result: Result): boolean {
  if (result.kind !== "final") return result.kind === "decided";
  const { status, status_reason: stated } = result.operation;
  return status === "CANCELED" && stated === reason;
}
