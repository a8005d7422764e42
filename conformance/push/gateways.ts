/**
 * Push gateways that stand in for Apple's, Google's, Huawei's and a browser vendor's. Each checks what the real one
 * checks (who sends, and with which proof), keeps what it got, and answers what the test tells it to.
 */
import { createECDH, createPublicKey, generateKeyPairSync, randomBytes, randomUUID } from "node:crypto";
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createSecureServer, type ServerHttp2Stream } from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Server, Socket } from "node:net";
import { certificate, certificateKey } from "./certificate.ts";
import { decryptPush } from "./decrypt.ts";
import { verifiedJwt } from "./jwt.ts";

/** What the test sees of a message, of whatever shape. */
// oxlint-disable-next-line no-explicit-any -- tests say what they expect of it
export type Json = any;

export interface Got {
  /** Device token, or path of the subscription. */
  readonly to: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Json;
}

export interface Answer {
  readonly status: number;
  readonly body?: object;
}

export interface Gateway {
  /** For `PUT /v1/push-gateways/…`. */
  readonly settings: object;
  readonly got: Got[];
  /** What the next messages are answered with, one for each; then as if all were well. */
  readonly answers: Answer[];
  /** Requests whose proof was wrong, with the reason. */
  readonly refused: string[];
  /** Resolves with the message number `count`, from 1, once it is there. */
  message(count: number): Promise<Got>;
  /** How many connections there were. */
  connections(): number;
  close(): Promise<void>;
}

const key = {
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
} as const;
const tls = { key: certificateKey, cert: certificate };

/** HTTP/2 with a provider token: ES256, the key's and the team's ids, made within the hour. */
export async function apnsGateway(): Promise<Gateway> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256", ...key });
  const [keyId, teamId, topic] = ["KEY1234567", "TEAM123456", "com.example.bank"];
  const kept = keeper();
  const server = createSecureServer(tls);
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    const say = (status: number, body?: object) => {
      stream.respond({ ":status": status, "apns-id": randomUUID() });
      stream.end(body && JSON.stringify(body));
    };
    void (async () => {
      const body = await textOf(stream);
      const [, to] = /^\/3\/device\/([0-9a-fA-F]+)$/.exec(String(headers[":path"])) ?? [];
      if (to === undefined || headers[":method"] !== "POST") return say(404, { reason: "BadPath" });
      if (headers["apns-topic"] !== topic) return say(400, { reason: "BadTopic" });
      const [scheme, token = ""] = String(headers.authorization).split(" ");
      const proof = verifiedJwt(token, createPublicKey(publicKey), "ES256");
      const age = Date.now() / 1000 - Number(proof?.claims.iat);
      const right = proof?.header.kid === keyId && proof.claims.iss === teamId && age > -60 && age < 3600;
      if (scheme !== "bearer" || !right) {
        kept.refused.push("provider token");
        return say(403, { reason: "InvalidProviderToken" });
      }
      const said = kept.keep(to, headers as Got["headers"], JSON.parse(body));
      say(said.status, said.body);
    })();
  });
  const port = await listen(server);
  return {
    ...kept,
    settings: { key: privateKey, keyId, teamId, topic, host: `127.0.0.1:${port}` },
    ...ending(server),
  };
}

/** OAuth 2 with an assertion of the service account (RS256), then HTTP v1 with the access token. */
export async function fcmGateway(): Promise<Gateway> {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048, ...key });
  const account = {
    type: "service_account",
    project_id: "bank-app",
    client_email: "push@bank.example",
    private_key: privateKey,
  };
  const kept = keeper();
  const tokens = new Set<string>();
  const server = createHttpServer((request, response) => {
    void (async () => {
      const text = await textOf(request);
      if (request.url === "/token") {
        const form = new URLSearchParams(text);
        const { iss, aud, scope } =
          verifiedJwt(form.get("assertion") ?? "", createPublicKey(publicKey), "RS256")?.claims ?? {};
        const right =
          iss === account.client_email &&
          aud === "https://oauth2.googleapis.com/token" &&
          scope === "https://www.googleapis.com/auth/firebase.messaging";
        if (!right || form.get("grant_type") !== "urn:ietf:params:oauth:grant-type:jwt-bearer") {
          kept.refused.push("assertion");
          return answer(response, 400, { error: "invalid_grant" });
        }
        return answer(response, 200, { access_token: issue(tokens), expires_in: 3600, token_type: "Bearer" });
      }
      if (request.url !== `/v1/projects/${account.project_id}/messages:send`) return answer(response, 404, {});
      if (!bearer(request, tokens)) {
        kept.refused.push("access token");
        return answer(response, 401, { error: { code: 401, status: "UNAUTHENTICATED" } });
      }
      const { message } = JSON.parse(text) as { message: { token: string } };
      const said = kept.keep(message.token, request.headers as Got["headers"], message);
      answer(response, said.status, said.body ?? { name: "projects/bank-app/messages/1" });
    })();
  });
  const port = await listen(server);
  const url = `http://127.0.0.1:${port}`;
  return { ...kept, settings: { serviceAccount: account, url, tokenUrl: `${url}/token` }, ...ending(server) };
}

/** OAuth 2 with client credentials; errors are codes in the body. */
export async function hmsGateway(): Promise<Gateway> {
  const [clientId, clientSecret] = ["100200300", randomBytes(16).toString("hex")];
  const kept = keeper();
  const tokens = new Set<string>();
  const server = createHttpServer((request, response) => {
    void (async () => {
      const text = await textOf(request);
      if (request.url === "/oauth2/v3/token") {
        const form = Object.fromEntries(new URLSearchParams(text));
        const right = form.client_id === clientId && form.client_secret === clientSecret;
        if (!right || form.grant_type !== "client_credentials") {
          kept.refused.push("client");
          return answer(response, 403, { error: 1101, sub_error: 20044 });
        }
        return answer(response, 200, { access_token: issue(tokens), expires_in: 3600, token_type: "Bearer" });
      }
      if (request.url !== `/v1/${clientId}/messages:send`) return answer(response, 404, {});
      if (!bearer(request, tokens)) {
        kept.refused.push("access token");
        return answer(response, 401, { code: "80200001", msg: "OAuth authentication error" });
      }
      const { message } = JSON.parse(text) as { message: { token: [string] } };
      const said = kept.keep(message.token[0], request.headers as Got["headers"], message);
      answer(response, said.status, said.body ?? { code: "80000000", msg: "Success", requestId: "1" });
    })();
  });
  const port = await listen(server);
  const url = `http://127.0.0.1:${port}`;
  return {
    ...kept,
    settings: { clientId, clientSecret, url, tokenUrl: `${url}/oauth2/v3/token` },
    ...ending(server),
  };
}

export interface WebGateway extends Gateway {
  /** A new subscription, as a browser hands it to the app; only this gateway has its keys. */
  subscribe(): { endpoint: string; keys: { p256dh: string; auth: string } };
}

/** A browser vendor's: VAPID (RFC 8292), and a body that only the subscriber can read (RFC 8291). */
export async function webGateway(): Promise<WebGateway> {
  const server = createECDH("prime256v1");
  server.generateKeys();
  const kept = keeper();
  const subscribers = new Map<string, { keys: ReturnType<typeof createECDH>; auth: Buffer }>();
  let origin = "";
  const listener = createHttpsServer(tls, (request, response) => {
    void (async () => {
      const body = await bytesOf(request);
      const subscriber = subscribers.get(request.url ?? "");
      if (subscriber === undefined) return answer(response, 404, {});
      const wrong = wrongVapid(request, server.getPublicKey(), origin);
      if (wrong !== undefined) {
        kept.refused.push(wrong);
        return answer(response, 403, {});
      }
      if (request.headers["content-encoding"] !== "aes128gcm" || !/^\d+$/.test(String(request.headers.ttl))) {
        return answer(response, 400, {});
      }
      const text = decryptPush(body, subscriber.keys, subscriber.auth);
      const said = kept.keep(request.url ?? "", request.headers as Got["headers"], JSON.parse(text));
      answer(response, said.status === 200 ? 201 : said.status, said.body ?? {});
    })();
  });
  origin = `https://127.0.0.1:${await listen(listener)}`;
  return {
    ...kept,
    settings: { subject: "mailto:push@bank.example", privateKey: server.getPrivateKey("base64url") },
    subscribe() {
      const path = `/push/${randomUUID()}`;
      const keys = createECDH("prime256v1");
      const p256dh = keys.generateKeys("base64url");
      const auth = randomBytes(16);
      subscribers.set(path, { keys, auth });
      return { endpoint: origin + path, keys: { p256dh, auth: auth.toString("base64url") } };
    },
    ...ending(listener),
  };
}

/** `vapid t=<JWT>, k=<key>`: ES256 by that key, for this origin, for at most a day, with somebody to write to. */
function wrongVapid(request: IncomingMessage, expected: Buffer, audience: string): string | undefined {
  const [, token, k] = /^vapid t=([^,]+), ?k=(.+)$/.exec(request.headers.authorization ?? "") ?? [];
  if (token === undefined || k === undefined) return "no VAPID header";
  const point = Buffer.from(k, "base64url");
  if (!point.equals(expected)) return "another key";
  const jwk = { kty: "EC", crv: "P-256", x: point.toString("base64url", 1, 33), y: point.toString("base64url", 33) };
  const publicKey = createPublicKey({ key: jwk, format: "jwk" });
  const { aud, exp, sub } = verifiedJwt(token, publicKey, "ES256")?.claims ?? {};
  if (aud !== audience || typeof exp !== "number" || exp > Date.now() / 1000 + 86_400) return "wrong token";
  return String(sub).startsWith("mailto:") ? undefined : "no subject";
}

function keeper() {
  const got: Got[] = [];
  const answers: Answer[] = [];
  const waiting = new Map<number, (one: Got) => void>();
  return {
    got,
    answers,
    refused: [] as string[],
    message(count: number): Promise<Got> {
      const there = got[count - 1];
      if (there !== undefined) return Promise.resolve(there);
      return new Promise((resolve) => waiting.set(count, resolve));
    },
    keep(to: string, headers: Got["headers"], body: Json): Answer {
      const one: Got = { to, headers, body };
      waiting.get(got.push(one))?.(one);
      return answers.shift() ?? { status: 200 };
    },
  };
}

function issue(tokens: Set<string>): string {
  const token = randomBytes(24).toString("base64url");
  tokens.add(token);
  return token;
}

function bearer(request: IncomingMessage, tokens: ReadonlySet<string>): boolean {
  const [scheme, token = ""] = (request.headers.authorization ?? "").split(" ");
  return scheme === "Bearer" && tokens.has(token);
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

async function bytesOf(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

async function textOf(stream: AsyncIterable<unknown>): Promise<string> {
  return (await bytesOf(stream)).toString("utf8");
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** Counts connections from now on, and ends those that are left. */
function ending(server: Server): Pick<Gateway, "connections" | "close"> {
  const open = new Set<Socket>();
  let count = 0;
  server.on("connection", (socket: Socket) => {
    count += 1;
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  return {
    connections: () => count,
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
