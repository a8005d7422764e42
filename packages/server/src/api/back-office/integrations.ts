/** `/rest/v3/integration/*`: API clients, under the name that PowerAuth back offices know. */
import { Type } from "typebox";
import { type ApiClient, permissions } from "../../accounts/api-client.ts";
import { createApiClient } from "../../accounts/create.ts";
import { listApiClients } from "../../accounts/list.ts";
import { removeApiClient } from "../../accounts/remove.ts";
import type { Deps } from "../../deps.ts";
import { isRefusal, RefusedError, refuse } from "../../errors.ts";
import { id, name, orNull } from "../members.ts";
import type { Api } from "../surfaces.ts";
import { bareCall, call } from "./call.ts";

const createRequest = Type.Object({
  name,
  /** Ours: what it may do. A front server needs no more than the default. */
  permissions: orNull(Type.Array(Type.Enum([...permissions]), { maxItems: 5 })),
  /** Ours: for which applications; every one when absent. */
  applications: orNull(Type.Array(name, { maxItems: 1000 })),
});

export function integrationRoutes(app: Api, deps: Deps): void {
  call(app, "/integration/create", "admin", createRequest, async (input, client) => {
    requireUnlimited(client);
    const created = await createApiClient(deps, {
      name: input.name,
      permissions: input.permissions ?? ["integrate", "operate"],
      applications: input.applications ?? undefined,
      clientId: client.id,
    });
    if (isRefusal(created)) return created;
    const { clientId, clientSecret } = created;
    return { id: clientId, name: created.name, clientToken: clientId, clientSecret };
  });

  bareCall(app, "/integration/list", "admin", async (client) => {
    requireUnlimited(client);
    const clients = await listApiClients(deps);
    return {
      restrictedAccess: true,
      items: clients.map((one) => ({
        id: one.id,
        name: one.name,
        clientToken: one.id,
        permissions: permissions.filter((permission) => one.permissions.has(permission)),
        applications: one.applications === undefined ? null : [...one.applications],
      })),
    };
  });

  call(app, "/integration/remove", "admin", Type.Object({ id }), async (input, client) => {
    requireUnlimited(client);
    const removed = await removeApiClient(deps, { id: input.id, clientId: client.id });
    return { id: input.id, removed: !isRefusal(removed) };
  });
}

/** A client that is limited to some applications could otherwise make itself one that is not. */
function requireUnlimited(client: ApiClient): void {
  if (client.applications !== undefined) throw new RefusedError(refuse("forbidden"));
}
