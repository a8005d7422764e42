/**
 * Lets only API clients in, and to each route only those with its permission. A browser is never asked to log in: the
 * operator console has a session of its own, which opens `/v1` and, with its CSRF token, lets it change things there.
 */
import type { FastifyRequest } from "fastify";
import type { ApiClient, Permission } from "../accounts/api-client.ts";
import { authenticateBasic } from "../accounts/authenticate.ts";
import { findSession, isCsrfToken } from "../accounts/console-session.ts";
import type { Deps } from "../deps.ts";
import { isRefusal, orRefuse, type Refusal, RefusedError, refuse } from "../errors.ts";
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

type AccessDeps = Pick<Deps, "store" | "secrets" | "config" | "throttle">;

/** For everything registered in this scope from now on. Runs before the body is read. */
export function requireApiClient(app: Api, deps: AccessDeps): void {
  app.decorateRequest("apiClient");
  app.addHook("onRequest", async (request) => {
    const client = await authenticateRequest(deps, request);
    if ("refused" in client && !deps.throttle.allow(request.ip)) throw new RefusedError(refuse("throttled"));
    request.apiClient = orRefuse(client);
    // What does not exist is answered by the surface's own handler.
    if (request.is404) return;
    const { permission = [] } = request.routeOptions.config;
    const sufficient = typeof permission === "string" ? [permission] : permission;
    if (!sufficient.some((one) => request.apiClient.permissions.has(one))) throw new RefusedError(refuse("forbidden"));
  });
}

/** Whom the credentials of a request let in at this moment. Refuses `unauthenticated`, or `forbidden` without the token. */
export async function authenticateRequest(
  deps: Pick<Deps, "store" | "secrets" | "config">,
  request: FastifyRequest,
): Promise<ApiClient | Refusal> {
  const { authorization } = request.headers;
  const token = sessionTokenOf(request);
  const ofSession = authorization === undefined && request.routeOptions.url?.startsWith("/v1/") === true;
  if (!ofSession || token === undefined) return authenticateBasic(deps, authorization);
  const session = await findSession(deps, token);
  if (isRefusal(session)) return session;
  const reads = request.method === "GET" || request.method === "HEAD";
  return reads || isCsrfToken(session, csrfTokenOf(request)) ? session.client : refuse("forbidden");
}

export const sessionCookie = "countersign_console";

export function sessionTokenOf({ headers }: Pick<FastifyRequest, "headers">): string | undefined {
  return new RegExp(`(?:^|; *)${sessionCookie}=([^;]*)`).exec(headers.cookie ?? "")?.[1];
}

export function csrfTokenOf({ headers }: Pick<FastifyRequest, "headers">): string | undefined {
  const given = headers["x-csrf-token"];
  return typeof given === "string" ? given : undefined;
}
