/** The bank's own back end, as far as the server asks it: credentials of its users, and what it knows of them. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface BankBackend {
  readonly url: string;
  /** Base64: key of the signatures that are expected of the server. */
  readonly signingSecret: string;
  /** What came, oldest first. */
  readonly asked: Asked[];
  /** Status and body of the answers. */
  reply: (asked: Asked) => readonly [number, unknown];
  close(): Promise<void>;
}

export async function startBankBackend(): Promise<BankBackend> {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part) => (body += part));
    request.on("end", () => {
      const asked = { method: request.method ?? "", url: request.url ?? "", headers: request.headers, body };
      backend.asked.push(asked);
      const [status, answer] = backend.reply(asked);
      response.writeHead(status, { "content-type": "application/json" });
      response.end(typeof answer === "string" ? answer : JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const backend: BankBackend = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    signingSecret: Buffer.alloc(32, 7).toString("base64"),
    asked: [],
    reply: () => [404, {}],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return backend;
}

/** Standard Webhooks 1.0, as a receiver checks it. */
export function isSigned({ headers, body }: Asked, secret: string, now = Date.now()): boolean {
  const { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": given } = headers;
  const mac = createHmac("sha256", Buffer.from(secret, "base64")).update(`${String(id)}.${String(timestamp)}.${body}`);
  const expected = Buffer.from(`v1,${mac.digest("base64")}`);
  const received = Buffer.from(String(given));
  const fresh = Math.abs(now / 1000 - Number(timestamp)) < 300;
  return fresh && expected.length === received.length && timingSafeEqual(expected, received);
}
