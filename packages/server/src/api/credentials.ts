/** Lets only API clients in, and to each route only those with its permission. A browser is never asked to log in. */
import type { ApiClient, Permission } from "../accounts/api-client.ts";
import { authenticateBasic } from "../accounts/authenticate.ts";
import type { Deps } from "../deps.ts";
import { orRefuse, RefusedError, refuse } from "../errors.ts";
import type { Api } from "./surfaces.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Set on every route behind `requireApiClient`. */
    apiClient: ApiClient;
  }
  interface FastifyContextConfig {
    /** What an API client needs to call this route; of several, one. A route of the private API without it is closed. */
    permission?: Permission | readonly Permission[];
  }
}

/** For everything registered in this scope from now on. Runs before the body is read. */
export function requireApiClient(app: Api, deps: Pick<Deps, "store" | "secrets" | "throttle">): void {
  app.decorateRequest("apiClient");
  app.addHook("onRequest", async (request) => {
    const client = await authenticateBasic(deps, request.headers.authorization);
    if ("refused" in client && !deps.throttle.allow(request.ip)) throw new RefusedError(refuse("throttled"));
    request.apiClient = orRefuse(client);
    // What does not exist is answered by the surface's own handler.
    if (request.is404) return;
    const { permission = [] } = request.routeOptions.config;
    const sufficient = typeof permission === "string" ? [permission] : permission;
    if (!sufficient.some((one) => request.apiClient.permissions.has(one))) throw new RefusedError(refuse("forbidden"));
  });
}
