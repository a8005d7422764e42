/**
 * `/console/session`: an operator's browser signs in with an API client, says that its operator is there, and signs out.
 * Its cookie opens `/v1`; the console's page itself is served beside this and needs nothing.
 */
import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import {
  type BegunSession,
  type ConsoleSession,
  findSession,
  idleSeconds,
  isCsrfToken,
  keepSession,
  sessionSeconds,
  signIn,
  signOut,
} from "../../accounts/console-session.ts";
import { endOfSessionAt } from "../../accounts/open-id-log-in.ts";
import type { Deps } from "../../deps.ts";
import { isRefusal, orRefuse, RefusedError, refuse } from "../../errors.ts";
import { csrfTokenOf, sessionCookie, sessionTokenOf } from "../credentials.ts";
import type { Api } from "../surfaces.ts";

const path = "/console/session";
const body = Type.Object(
  { clientId: Type.String({ maxLength: 64 }), clientSecret: Type.String({ maxLength: 255 }) },
  { additionalProperties: false },
);

export type ConsoleDeps = Pick<Deps, "store" | "secrets" | "random" | "throttle" | "config" | "outbound" | "log">;

export function consoleRoutes(app: Api, deps: ConsoleDeps): void {
  app.addHook("onSend", async (_request, reply) => void reply.header("cache-control", "no-store"));

  app.post(path, { schema: { body } }, async (request, reply) => {
    const session = await signIn(deps, request.body);
    if (isRefusal(session)) {
      throw new RefusedError(deps.throttle.allow(request.ip) ? session : refuse("throttled"));
    }
    return giveSession(request, reply, session).code(201).send(sessionJson(session));
  });

  app.get(path, async (request) => sessionJson(orRefuse(await findSession(deps, sessionTokenOf(request) ?? ""))));

  app.post(`${path}/keep`, async (request, reply) => {
    await keepSession(deps, (await ownSession(deps, request)).token);
    return reply.code(204).send();
  });

  app.delete(path, async (request, reply) => {
    const { token, client } = await ownSession(deps, request);
    await signOut(deps, token);
    setCookie(request, reply, { name: sessionCookie, value: "", seconds: 0, path: "/", sameSite: "Strict" });
    const { consoleOpenId } = deps.config;
    const named = consoleOpenId !== undefined && client.id.startsWith(`${consoleOpenId.issuer}#`);
    const location = named ? await endOfSessionAt(deps, consoleOpenId) : undefined;
    return location === undefined ? reply.code(204).send() : reply.send({ location });
  });
}

/** The session of a request that may change something. */
async function ownSession(deps: ConsoleDeps, request: FastifyRequest): Promise<BegunSession> {
  const token = sessionTokenOf(request) ?? "";
  const session = orRefuse(await findSession(deps, token));
  if (!isCsrfToken(session, csrfTokenOf(request))) throw new RefusedError(refuse("forbidden"));
  return { ...session, token };
}

export function giveSession(request: FastifyRequest, reply: FastifyReply, { token }: BegunSession): FastifyReply {
  const cookie = { name: sessionCookie, value: token, seconds: sessionSeconds, path: "/", sameSite: "Strict" } as const;
  return setCookie(request, reply, cookie);
}

export interface Cookie {
  readonly name: string;
  readonly value: string;
  /** 0 to forget it. */
  readonly seconds: number;
  readonly path: string;
  /** `Strict`: kept from every request that another site causes. `Lax`: not from coming back here by a redirect. */
  readonly sameSite: "Strict" | "Lax";
}

/** Always kept from scripts. Added to others that were set. */
export function setCookie({ protocol }: FastifyRequest, reply: FastifyReply, cookie: Cookie): FastifyReply {
  const { name, value, seconds, path: below, sameSite } = cookie;
  const secure = protocol === "https" ? "; Secure" : "";
  const text = `${name}=${value}; Path=${below}; Max-Age=${seconds}; HttpOnly; SameSite=${sameSite}${secure}`;
  return reply.header("set-cookie", text);
}

function sessionJson({ client, csrfToken, expiresAt }: ConsoleSession) {
  return {
    clientId: client.id,
    name: client.name,
    permissions: [...client.permissions],
    ...(client.applications !== undefined && { applications: [...client.applications] }),
    csrfToken,
    expiresAt: new Date(expiresAt).toISOString(),
    idleSeconds,
  };
}
