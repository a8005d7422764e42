/** An authorization request in a browser becomes an operation: one for each, however often its page is loaded. */
import { decodeJwt } from "jose";
import { type Client, errors, type Provider } from "oidc-provider";
import type { Deps } from "../../deps.ts";
import { isRefusal } from "../../errors.ts";
import { createOperation } from "../../operations/create.ts";
import { findOperation } from "../../operations/detail.ts";
import type { OperationRow } from "../../store/store.ts";
import { hasDevice } from "../account.ts";
import { readLoginHint } from "../backchannel/hints.ts";
import { refused, wantedIn } from "../backchannel/start.ts";
import { settingsOf } from "../clients/client.ts";
import type { AuthorizationTypes } from "../details/authorization-types.ts";

export type Interaction = InstanceType<Provider["Interaction"]>;

type AskDeps = Pick<Deps, "store" | "random" | "config" | "secrets">;

/**
 * The operation as it stands. Throws what the client is answered. Without a user it is for whoever scans its code; a user
 * is taken only of a request that the client itself made (pushed, or signed): anybody can write a name into a link, and
 * would make that person's device ring.
 */
export async function askInBrowser(
  deps: AskDeps,
  types: AuthorizationTypes,
  client: Client,
  interaction: Interaction,
): Promise<OperationRow> {
  const { uid, params } = interaction;
  const wanted = await wantedIn(deps, types, client, params);
  const { applications } = settingsOf(client);
  const hinted = hintIn(interaction);
  const userId = hinted === undefined ? undefined : readLoginHint(hinted);
  if (hinted !== undefined && (userId === undefined || !(await hasDevice(deps, userId, applications)))) {
    throw new errors.AccessDenied("could not identify end-user");
  }
  const made = await createOperation(deps, {
    clientId: client.clientId,
    template: wanted.template,
    userId,
    applications,
    parameters: wanted.parameters,
    expiresAt: (Math.floor((await deps.store.now()) / 1000) + wanted.seconds) * 1000,
    signatureTypes: wanted.combinations,
    approval: {
      client: { id: client.clientId, name: client.clientName ?? client.clientId },
      ...(wanted.details !== undefined && { authorizationDetails: wanted.details }),
    },
    idempotency: { clientId: `oidc:${client.clientId}`, key: uid, requestDigest: uid },
    ...(userId !== undefined && { notify: { silent: false } }),
  });
  if (isRefusal(made)) throw refused(made);
  const operation = await findOperation(deps, made.operation.id, () => true);
  if (isRefusal(operation)) throw new Error("An operation that was just made does not exist");
  return operation;
}

function hintIn({ params, trusted = [] }: Interaction): unknown {
  const [name] = ["login_hint", "id_token_hint"].filter((one) => trusted.includes(one) && params[one] !== undefined);
  return name === "id_token_hint" ? subjectNamed(params) : name && params[name];
}

/** Whom an earlier ID token of ours names, which the provider has verified: nobody else may answer in that user's place. */
export function subjectNamed(params: Readonly<Record<string, unknown>>): string | undefined {
  const { id_token_hint: token } = params as { readonly id_token_hint?: string };
  return token === undefined ? undefined : decodeJwt(token).sub;
}
