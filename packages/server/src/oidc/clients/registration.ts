/**
 * Clients that register themselves (RFC 7591, RFC 7592). An operator decides beforehand what they will be: an initial
 * access token carries the settings under `countersign`, which no client can write.
 */
import { type Configuration, errors, type KoaContextWithOIDC, type Provider } from "oidc-provider";
import { toBase64Url } from "@countersign/protocol/bytes";
import type { Deps } from "../../deps.ts";
import { type Refusal, refuse } from "../../errors.ts";
import { recordsOf } from "../records.ts";
import type { ClientSettings } from "./client.ts";
import { unknownReference } from "./create.ts";

type RegistrationDeps = Pick<Deps, "store" | "secrets" | "random">;

export interface Invitation {
  readonly settings: ClientSettings;
  /** Seconds that the token is good for; within them, for any number of clients. */
  readonly seconds: number;
  readonly by: string;
}

/** Refuses `invalid-request`: an application or a template that does not exist. Writes `oidc-client.invited`. */
export async function inviteClients(
  deps: RegistrationDeps,
  provider: Provider,
  { settings, seconds, by }: Invitation,
): Promise<{ readonly token: string } | Refusal> {
  const unknown = await deps.store.transaction((change) => unknownReference(deps, change, { countersign: settings }));
  if (unknown !== undefined) return refuse("invalid-request", `${unknown} - unknown`);
  const token = new provider.InitialAccessToken({ expiresIn: seconds, policies: [policy] });
  const value = await token.save();
  const exp = Math.floor((await deps.store.now()) / 1000) + seconds;
  await invitations(deps).upsert(token.jti, { countersign: settings, exp }, seconds);
  await deps.store.transaction(async ({ record }) => {
    record({ type: "oidc-client.invited", subject: by, applications: [], data: { settings, seconds, clientId: by } });
  });
  return { token: value };
}

const policy = "countersign";

export function registration(
  deps: RegistrationDeps,
): Pick<NonNullable<Configuration["features"]>, "registration" | "registrationManagement"> {
  return {
    registration: {
      enabled: true,
      initialAccessToken: true,
      idFactory: () => toBase64Url(deps.random(16)),
      secretFactory: () => toBase64Url(deps.random(32)),
      policies: { [policy]: (ctx, properties) => settle(deps, ctx, properties) },
    },
    registrationManagement: { enabled: true, rotateRegistrationAccessToken: true },
  };
}

/** The settings are those of the invitation, later those that the client has. */
async function settle(
  deps: RegistrationDeps,
  ctx: KoaContextWithOIDC,
  properties: Record<string, unknown>,
): Promise<void> {
  const { InitialAccessToken: invitation, Client: client } = ctx.oidc.entities;
  const found =
    invitation === undefined
      ? (client as unknown as { readonly countersign: ClientSettings } | undefined)
      : ((await invitations(deps).find(invitation.jti)) as { readonly countersign: ClientSettings } | undefined);
  if (found === undefined) throw new errors.InvalidToken("initial access token not found");
  const { client_name: name } = properties;
  if (typeof name !== "string" || !/^[^\u0000\ud800-\udfff]{1,255}$/u.test(name)) {
    throw new errors.InvalidClientMetadata("client_name must have 1 to 255 characters");
  }
  properties["countersign"] = found.countersign;
  properties["backchannel_token_delivery_mode"] ??= "poll";
}

function invitations(deps: RegistrationDeps) {
  return recordsOf(deps, "Invitation");
}
