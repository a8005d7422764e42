/** `/oidc/*`: the OpenID provider reads and answers its requests itself. */
import type { IncomingMessage } from "node:http";
import type { Deps } from "../deps.ts";
import { oidcPath } from "../oidc/path.ts";
import type { Api } from "./surfaces.ts";

export function oidcRoutes(app: Api, deps: Deps): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));
  app.all(`${oidcPath}/*`, { schema: { hide: true } }, async ({ raw, ip }, reply) => {
    reply.hijack();
    addressedTo(new URL(deps.publicUrl), raw);
    await deps.oidc.handle(raw, reply.raw, ip);
  });
}

/**
 * Our addresses in metadata, audiences and proofs are those of the configuration, whatever host a request names. The
 * provider takes them from the request.
 */
function addressedTo({ host, protocol, pathname }: URL, request: IncomingMessage): void {
  const { url = "/" } = request;
  const { headers } = request;
  headers.host = host;
  headers["x-forwarded-proto"] = protocol.slice(0, -1);
  delete headers["x-forwarded-host"];
  delete headers["x-forwarded-for"];
  Object.assign(request, { originalUrl: `${pathname.replace(/\/$/, "")}${url}`, url: url.slice(oidcPath.length) });
}
