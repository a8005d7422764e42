/**
 * Keeps web pages away from the private listener: a browser that was lured there, or a name rebound to loopback, gets
 * nothing. Programs send no `Sec-Fetch-Site` and address the listener by a name it knows.
 */
import { RefusedError, refuse } from "../errors.ts";
import type { Api } from "./surfaces.ts";

const loopback = ["localhost", "127.0.0.1", "[::1]"];

export function guardPrivateListener(app: Api, privateHost: string): void {
  const known = new Set([...loopback, privateHost]);
  const anyName = privateHost === "0.0.0.0" || privateHost === "::";
  app.addHook("onRequest", (request, _reply, done) => {
    const site = request.headers["sec-fetch-site"];
    const foreignPage = site !== undefined && site !== "none" && site !== "same-origin";
    const name = (request.headers.host ?? "").replace(/:\d+$/, "").toLowerCase();
    if (foreignPage || (!anyName && !known.has(name))) done(new RefusedError(refuse("forbidden")));
    else done();
  });
}
