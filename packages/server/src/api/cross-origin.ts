/**
 * Lets web applications of named origins use what is made for devices. Nothing here is proved by cookies or by the
 * browser's own credentials, so an origin gains nothing but the answers to what it can prove itself.
 */
import type { Api } from "./surfaces.ts";

/** Paths for devices, behind the configured base path or none. */
const forDevices = /^\/+(?:pa|api|live|approve)(?:[/?]|$)/;
/** When to ask again, the nonce of the next proof, and the time that it is dated by (APV-OBJ-8). */
const exposed = "retry-after, dpop-nonce, date";
const preflightSeconds = 600;

export function allowOrigins(
  app: Api,
  config: { readonly allowedOrigins: readonly string[]; readonly basePath: string },
) {
  const allowed = new Set(config.allowedOrigins);
  app.addHook("onRequest", (request, reply, done) => {
    const { origin, host } = request.headers;
    const isSelf = isThisMachine(origin, host);
    if (allowed.size === 0 && !isSelf) return done();
    const url = request.url.startsWith(config.basePath) ? request.url.slice(config.basePath.length) : request.url;
    if (!forDevices.test(url)) return done();
    // Caches must not give one origin the answer for another.
    void reply.header("vary", "origin");
    if (origin === undefined || !(isSelf || allowed.has(origin))) return done();
    void reply.header("access-control-allow-origin", origin).header("access-control-expose-headers", exposed);
    if (request.method !== "OPTIONS" || request.headers["access-control-request-method"] === undefined) return done();
    void reply
      .code(204)
      .header("access-control-allow-methods", "GET, POST, PUT, PATCH, DELETE")
      // Any header but this one may be called "any".
      .header("access-control-allow-headers", "*, authorization")
      .header("access-control-max-age", preflightSeconds)
      .send();
  });
}

const loopback = /^(?:localhost|127\.0\.0\.1)((?::\d+)?)$/;

/** Our own page under the other name of this machine: passkeys need a name, issuers are often a number. */
function isThisMachine(origin: string | undefined, host: string | undefined): boolean {
  if (origin?.startsWith("http://") !== true || host === undefined) return false;
  const [page, server] = [loopback.exec(origin.slice(7)), loopback.exec(host)];
  return page !== null && page[1] === server?.[1];
}
