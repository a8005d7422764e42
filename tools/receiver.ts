/** Receivers for tests: a real server on loopback that keeps what it got and answers as it is told, and certificates for it. */
import { execFileSync } from "node:child_process";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { TLSSocket } from "node:tls";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // oxlint-disable-next-line no-explicit-any -- tests say what they expect of it
  readonly body: any;
  /** Common name of the client certificate. */
  readonly client: string | undefined;
}

type Reply = (received: Received, response: ServerResponse) => void;

export interface Tls {
  readonly key: string;
  readonly cert: string;
  /** Authority of the client certificates that are demanded. */
  readonly clientAuthority?: string;
}

export type Receiver = Awaited<ReturnType<typeof startReceiver>>;

export const answer =
  (status: number, headers: Record<string, string> = {}): Reply =>
  (_received, response) =>
    void response.writeHead(status, headers).end();

export async function startReceiver(tls?: Tls) {
  const received: Received[] = [];
  const waiters = new Set<() => void>();
  let reply: Reply = answer(200);

  const take = (request: IncomingMessage, response: ServerResponse) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const text = Buffer.concat(parts).toString("utf8");
      const client = tls && (request.socket as TLSSocket).getPeerCertificate().subject?.CN;
      const one: Received = {
        method: request.method ?? "",
        path: request.url ?? "",
        headers: request.headers,
        text,
        body: text.startsWith("{") ? JSON.parse(text) : text,
        client: Array.isArray(client) ? client[0] : client,
      };
      received.push(one);
      reply(one, response);
      for (const wake of waiters) wake();
    });
  };
  const { clientAuthority, ...own } = tls ?? {};
  const demanded = clientAuthority !== undefined && {
    ca: clientAuthority,
    requestCert: true,
    rejectUnauthorized: true,
  };
  const server = tls === undefined ? createServer(take) : createTlsServer({ ...own, ...demanded }, take);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };

  return {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}/hook`,
    received,
    /** Answers like this from now on. */
    reply(next: Reply) {
      reply = next;
    },
    /** Resolves with the first requests of this kind, once there are as many. */
    async until(count: number, kind: (one: Received) => boolean = () => true): Promise<Received[]> {
      for (;;) {
        const found = received.filter(kind);
        if (found.length >= count) return found.slice(0, count);
        await new Promise<void>((resolve) => {
          const wake = () => (waiters.delete(wake), resolve());
          waiters.add(wake);
        });
      }
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface Certificates {
  /** PEM. */
  readonly authority: string;
  readonly server: { readonly cert: string; readonly key: string };
  readonly client: { readonly cert: string; readonly key: string; readonly p12: Buffer };
}

/** A small authority of its own, with a server on 127.0.0.1 and a client. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), "countersign-certificates-"));
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  try {
    openssl("req", "-x509", ...key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test authority");
    for (const [name, extension] of [
      ["server", "subjectAltName=IP:127.0.0.1"],
      ["client", "extendedKeyUsage=clientAuth"],
    ] as const) {
      const files = ["-keyout", `${name}.key`, "-out", `${name}.pem`, "-subj", `/CN=test ${name}`];
      openssl("req", "-x509", ...key, ...files, "-addext", extension, "-CA", "ca.pem", "-CAkey", "ca.key");
    }
    const p12 = ["-inkey", "client.key", "-in", "client.pem", "-out", "client.p12", "-passout", "pass:secret"];
    openssl("pkcs12", "-export", ...p12);
    return {
      authority: read("ca.pem"),
      server: { cert: read("server.pem"), key: read("server.key") },
      client: { cert: read("client.pem"), key: read("client.key"), p12: readFileSync(join(folder, "client.p12")) },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
