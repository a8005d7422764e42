/**
 * The pages for people, as they were built: files of one folder under one path, with a policy that lets a page run
 * nothing but its own files. They hold no data and need no credentials; what they show comes from the API.
 */
import fastifyStatic from "@fastify/static";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Api } from "./surfaces.ts";

/** `authenticator` is for everybody, `console` is for operators. The demo bank has a server of its own. */
export type Page = "authenticator" | "console";

interface PageOptions {
  /** Holds a folder for each page. A page that was not built is not served. */
  readonly root: string | undefined;
  /** Where its scripts may send requests besides their own origin: an authenticator has accounts at several servers. */
  readonly connect?: readonly string[];
}

export async function servePage(app: Api, page: Page, { root, connect = [] }: PageOptions): Promise<void> {
  const folder = root === undefined ? undefined : join(root, page);
  if (folder === undefined || !existsSync(join(folder, "index.html"))) return;
  const headers = {
    "content-security-policy": policy(connect),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": `camera=(${page === "authenticator" ? "self" : ""}), microphone=(), geolocation=()`,
  };
  const schema = { hide: true };
  await app.register(async (scope: Api) => {
    scope.addHook("onSend", async (_request, reply) => void reply.headers(headers));
    scope.get(`/${page}`, { schema }, async (request, reply) => {
      const query = request.url.indexOf("?");
      return reply.redirect(`/${page}/${query < 0 ? "" : request.url.slice(query)}`, 308);
    });
    await scope.register(fastifyStatic, {
      root: folder,
      prefix: `/${page}/`,
      decorateReply: false,
      cacheControl: false,
      preCompressed: true,
      schemaHide: true,
      setHeaders: (reply, path) => {
        // Names below assets/ change with what is in them; the others are asked for again.
        const isFixed = path.startsWith(join(folder, "assets/"));
        reply.header("cache-control", isFixed ? "public, max-age=31536000, immutable" : "no-cache");
      },
    });
  });
}

function policy(connect: readonly string[]): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self' data: blob: https:",
    `connect-src ${["'self'", ...connect].join(" ")}`,
    "manifest-src 'self'",
    "media-src 'self' blob:",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}
