/** `/oidc/*`: the OpenID provider reads and answers its requests itself. */
import type { IncomingMessage } from "node:http";
import proxyAddress from "@fastify/proxy-addr";
import type { Deps } from "../deps.ts";
import { type ClientCertificate, readCertificate } from "../oidc/client-certificate.ts";
import { oidcPath } from "../oidc/path.ts";
import type { Api } from "./surfaces.ts";

export function oidcRoutes(app: Api, deps: Deps): void {
  const certificates = certificatesOf(deps.config);
  let issuer: URL | undefined;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));
  // No OPTIONS: clients here hold secrets or keys, and none of them is a page of another origin.
  app.route({
    method: ["GET", "HEAD", "POST", "PUT", "DELETE"],
    url: `${oidcPath}/*`,
    schema: { hide: true },
    async handler({ raw, ip }, reply) {
      const certificate = certificates(raw);
      reply.hijack();
      addressedTo((issuer ??= new URL(deps.publicUrl)), raw);
      await deps.oidc.handle(raw, reply.raw, { address: ip, certificate });
    },
  });
}

/**
 * What the client showed to the proxy where TLS ends. The header is believed only of a trusted proxy that connected
 * itself, and taken away in any case: nobody behind may read it and believe it.
 */
function certificatesOf(
  config: Deps["config"],
): (request: Pick<IncomingMessage, "headers" | "socket">) => ClientCertificate | undefined {
  const name = config.clientCertificateHeader?.toLowerCase();
  const verifiedName = config.clientCertificateVerifiedHeader?.toLowerCase();
  const trusted = proxyAddress.compile([...config.trustedProxies]);
  return ({ headers, socket }) => {
    if (name === undefined) return undefined;
    const shown = headers[name];
    const verified = verifiedName === undefined ? undefined : headers[verifiedName];
    delete headers[name];
    if (verifiedName !== undefined) delete headers[verifiedName];
    if (typeof shown !== "string" || !trusted(socket.remoteAddress ?? "", 0)) return undefined;
    const certificate = readCertificate(shown);
    return certificate && { certificate, verified: verified === "SUCCESS" };
  };
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
