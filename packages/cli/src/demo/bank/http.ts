/**
 * The bank's own small web server, on this machine only. Requests must name this machine (a foreign name that leads here
 * is refused), and what changes something must come from this very page, as JSON.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { PageFile } from "./pages.ts";
import { BankRefusal, refuse } from "./refusal.ts";

export interface BankRequest {
  readonly method: string;
  /** Below `/demo/api`. */
  readonly path: string;
  readonly cookie: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface BankAnswer {
  readonly json?: object;
  readonly download?: { readonly name: string; readonly text: string };
  /** To be kept by the browser. */
  readonly cookie: string;
}

export type Answers = (request: BankRequest) => Promise<BankAnswer>;

const root = "/demo/";
const cookieName = "countersign-demo-bank";
const mostBytes = 4096;

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");
const everywhere = {
  "content-security-policy": policy,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

export interface Listening {
  readonly url: string;
  close(): Promise<void>;
}

export async function listen(port: number, files: ReadonlyMap<string, PageFile>, answers: Answers): Promise<Listening> {
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(everywhere)) response.setHeader(name, value);
    serve(request, response, files, answers).catch((error: unknown) => {
      const [status, code] = error instanceof BankRefusal ? [error.status, error.code] : [502, "unavailable"];
      if (!response.headersSent) send(response, status, "application/json", JSON.stringify({ code }));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host: "127.0.0.1", exclusive: true }, resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://localhost:${bound}${root}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  files: ReadonlyMap<string, PageFile>,
  answers: Answers,
): Promise<void> {
  const { method = "GET", headers, url = "" } = request;
  if (!/^(localhost|127\.0\.0\.1):\d{1,5}$/.test(headers.host ?? "")) throw refuse(421, "host");
  const [path = ""] = url.split("?", 1);
  if (path === "/" || path === "/demo") {
    response.writeHead(308, { location: root }).end();
    return;
  }
  if (!path.startsWith(root)) throw refuse(404, "not-found");
  if (!path.startsWith(`${root}api/`)) {
    const file = method === "GET" ? files.get(path.slice(root.length)) : undefined;
    if (file === undefined) throw refuse(404, "not-found");
    response.writeHead(200, file.headers).end(file.bytes);
    return;
  }
  if (method !== "GET" && headers.origin !== `http://${headers.host}`) throw refuse(403, "origin");
  const body = method === "GET" ? {} : await readBody(request);
  const cookie = new RegExp(`(?:^|; )${cookieName}=([\\w-]{43})(?:;|$)`).exec(headers.cookie ?? "")?.[1];
  const answer = await answers({ method, path: path.slice(root.length + 3), cookie, body });
  if (answer.cookie !== cookie) {
    response.setHeader("set-cookie", `${cookieName}=${answer.cookie}; Path=${root}; HttpOnly; SameSite=Strict`);
  }
  response.setHeader("cache-control", "no-store");
  if (answer.download === undefined) {
    send(response, 200, "application/json", JSON.stringify(answer.json ?? {}));
    return;
  }
  response.setHeader("content-disposition", `attachment; filename="${answer.download.name}"`);
  send(response, 200, "application/jose", answer.download.text);
}

async function readBody(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  if (request.headers["content-type"] !== "application/json") throw refuse(415, "content-type");
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > mostBytes) throw refuse(413, "too-large");
    parts.push(part);
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(parts).toString("utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Falls through.
  }
  throw refuse(400, "body");
}

function send(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, { "content-type": type }).end(text);
}
