/**
 * Keeps web pages away from the private listener: a browser that was lured there, or a name rebound to loopback, gets
 * nothing. Programs send no `Sec-Fetch-Site` and address the listener by a name it knows.
 */
import type { FastifyRequest } from "fastify";
import { RefusedError, refuse } from "../errors.ts";
import type { Api } from "./surfaces.ts";

const loopback = ["localhost", "127.0.0.1", "[::1]"];

declare module "fastify" {
  interface FastifyContextConfig {
    /** A browser may come here from another site, with a page of its own: nothing is done here for the asking. */
    fromElsewhere?: true;
  }
}

/** `consoleUrl` is a name that a proxy keeps. */
export function guardPrivateListener(app: Api, privateHost: string, consoleUrl?: string): void {
  const known = new Set([
    ...loopback,
    privateHost,
    ...(consoleUrl === undefined ? [] : [new URL(consoleUrl).hostname]),
  ]);
  const anyName = privateHost === "0.0.0.0" || privateHost === "::";
  app.addHook("onRequest", (request, _reply, done) => {
    const site = request.headers["sec-fetch-site"];
    const foreignPage = site !== undefined && site !== "none" && site !== "same-origin";
    const isVisit = request.routeOptions.config.fromElsewhere === true && isNavigation(request.headers);
    const name = (request.headers.host ?? "").replace(/:\d+$/, "").toLowerCase();
    if ((foreignPage && !isVisit) || (!anyName && !known.has(name))) done(new RefusedError(refuse("forbidden")));
    else done();
  });
}

/** A window goes there: no frame, no script. */
function isNavigation(headers: FastifyRequest["headers"]): boolean {
  return headers["sec-fetch-mode"] === "navigate" && headers["sec-fetch-dest"] === "document";
}
