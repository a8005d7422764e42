/**
 * `/console/session`: an operator's browser signs in with an API client, and out. Its cookie opens `/v1`; the console's
 * page itself is served beside this and needs nothing.
 */
import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import {
  type ConsoleSession,
  findSession,
  isCsrfToken,
  sessionSeconds,
  signIn,
  signOut,
} from "../accounts/console-session.ts";
import type { Deps } from "../deps.ts";
import { isRefusal, orRefuse, RefusedError, refuse } from "../errors.ts";
import { csrfTokenOf, sessionCookie, sessionTokenOf } from "./credentials.ts";
import type { Api } from "./surfaces.ts";

const path = "/console/session";
const body = Type.Object(
  { clientId: Type.String({ maxLength: 64 }), clientSecret: Type.String({ maxLength: 255 }) },
  { additionalProperties: false },
);

export function consoleRoutes(app: Api, deps: Pick<Deps, "store" | "secrets" | "random" | "throttle">): void {
  app.addHook("onSend", async (_request, reply) => void reply.header("cache-control", "no-store"));

  app.post(path, { schema: { body } }, async (request, reply) => {
    const session = await signIn(deps, request.body);
    if (isRefusal(session)) {
      throw new RefusedError(deps.throttle.allow(request.ip) ? session : refuse("throttled"));
    }
    setCookie(request, reply, session.token, sessionSeconds);
    return reply.code(201).send(sessionJson(session));
  });

  app.get(path, async (request) => sessionJson(orRefuse(await findSession(deps, sessionTokenOf(request) ?? ""))));

  app.delete(path, async (request, reply) => {
    const token = sessionTokenOf(request) ?? "";
    const session = orRefuse(await findSession(deps, token));
    if (!isCsrfToken(session, csrfTokenOf(request))) throw new RefusedError(refuse("forbidden"));
    await signOut(deps, token);
    setCookie(request, reply, "", 0);
    return reply.code(204).send();
  });
}

/** Kept from scripts and from every request that another site causes. */
function setCookie({ protocol }: FastifyRequest, reply: FastifyReply, value: string, seconds: number): void {
  const secure = protocol === "https" ? "; Secure" : "";
  const cookie = `${sessionCookie}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure}`;
  void reply.header("set-cookie", cookie);
}

function sessionJson({ client, csrfToken, expiresAt }: ConsoleSession) {
  return {
    clientId: client.id,
    name: client.name,
    permissions: [...client.permissions],
    ...(client.applications !== undefined && { applications: [...client.applications] }),
    csrfToken,
    expiresAt: new Date(expiresAt).toISOString(),
  };
}
