/**
 * `/console/log-in`: an operator's browser goes to the configured OpenID provider, and comes back with a code. It comes
 * from another site then, which nothing else on this listener may do, and is answered by a page of one link: followed
 * from there, the console's own address is not another site's any more, and the code is in no history.
 */
import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { beginLogIn, finishLogIn, type LogInProblem, logInSeconds } from "../../accounts/open-id-log-in.ts";
import { RefusedError, refuse } from "../../errors.ts";
import { type ConsoleDeps, giveSession, setCookie } from "./session.ts";
import type { Api } from "../surfaces.ts";

const path = "/console/log-in";
const answerPath = `${path}/answer`;
const cookieName = "countersign_console_log_in";

const text = Type.Optional(Type.String({ maxLength: 4096 }));
/** Providers send more than this (`session_state`, …): it is not read. */
const answered = Type.Object({ code: text, state: text, iss: text, error: text });

export function consoleLogInRoutes(app: Api, deps: ConsoleDeps): void {
  app.addHook("onSend", async (_request, reply) => void reply.header("cache-control", "no-store"));
  const { consoleOpenId: settings } = deps.config;

  app.get(path, async () => {
    if (settings === undefined) return {};
    const { name, consoleUrl } = settings;
    return { openId: { name, ...(consoleUrl !== undefined && { at: consoleUrl }) } };
  });
  if (settings === undefined) return;

  /** Configured, or the name by which this very listener was called: the guard knows all names it has. */
  const redirectUri = ({ protocol, headers }: FastifyRequest) =>
    `${settings.consoleUrl ?? `${protocol}://${headers.host}`}${answerPath}`;
  const cookie = { name: cookieName, path: answerPath, sameSite: "Lax" } as const;

  app.post(path, async (request, reply) => {
    if (!deps.throttle.allow(request.ip)) throw new RefusedError(refuse("throttled"));
    const begun = await beginLogIn(deps, settings, redirectUri(request));
    if (begun === undefined) {
      told("provider-unavailable");
      throw new RefusedError(refuse("unavailable"));
    }
    setCookie(request, reply, { ...cookie, value: begun.token, seconds: logInSeconds });
    return reply.code(201).send({ location: begun.location });
  });

  const route = { config: { fromElsewhere: true }, exposeHeadRoute: false, schema: { querystring: answered } } as const;
  app.get(answerPath, route, async (request, reply) => {
    const [, token = ""] = new RegExp(`(?:^|; *)${cookieName}=([^;]*)`).exec(request.headers.cookie ?? "") ?? [];
    setCookie(request, reply, { ...cookie, value: "", seconds: 0 });
    const result = await finishLogIn(deps, settings, redirectUri(request), token, request.query);
    if (!("problem" in result)) {
      giveSession(request, reply, result);
      return page(reply, "/console/");
    }
    told(result.problem);
    if (!deps.throttle.allow(request.ip)) throw new RefusedError(refuse("throttled"));
    return page(reply.code(result.problem === "no-permission" ? 403 : 400), `/console/#/?problem=${result.problem}`);
  });

  function told(problem: LogInProblem): void {
    deps.log.warn({ problem }, "nobody was let into the console");
  }
}

function page(reply: FastifyReply, to: string): FastifyReply {
  return reply
    .type("text/html; charset=utf-8")
    .headers({
      "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    })
    .send(
      `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">` +
        `<title>Countersign console</title><meta http-equiv="refresh" content="0;url=${to}">` +
        `<p><a href="${to}">Go on to the console</a></p></html>`,
    );
}
