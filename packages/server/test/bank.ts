/** A running server as a bank sees it: both listeners over real HTTP, one application, and devices of its customers. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "typebox/value";
import { configSchema, type Config } from "../src/config.ts";
import { createLog } from "../src/log.ts";
import { createServer, type ServerOptions } from "../src/server.ts";
import { createDevice, type Device, type DeviceSettings, random } from "./device.ts";

export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** What came back, of whatever shape. */
// oxlint-disable-next-line no-explicit-any -- tests say what they expect of it
export type Json = any;

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON. */
  readonly body: Json;
}

export interface BankOptions {
  readonly opened: ServerOptions["opened"];
  readonly config?: Partial<Config>;
  /** Of the node that made the first API client, for a further node or a later start on the same data. */
  readonly admin?: Credentials;
  /** For tests that read what was logged. */
  readonly log?: ServerOptions["log"];
}

export type Bank = Awaited<ReturnType<typeof startBank>>;

export async function startBank({ opened, config = {}, admin: known, log = createLog("silent") }: BankOptions) {
  const dataDirectory = await mkdtemp(join(tmpdir(), "countersign-bank-"));
  const full = Value.Default(configSchema, {
    port: 0,
    privatePort: 0,
    tenant: opened.store.tenant,
    refusalsPerMinute: 1_000_000,
    sweepSeconds: 3600,
    ...config,
  }) as Config;
  const running = await createServer({ config: full, opened, dataDirectory, random, log });
  const admin = known ?? (JSON.parse(await readFile(running.bootstrapPath, "utf8")) as Credentials);
  const publicUrl = running.publicUrl + full.basePath;

  const bank = {
    publicUrl,
    privateUrl: running.privateUrl,
    admin,
    store: opened.store,

    /** A call of `/rest/v3`; the answer with its envelope. */
    async call(path: string, requestObject: unknown, client: Credentials = admin): Promise<Reply> {
      return send(`${running.privateUrl}/rest/v3${path}`, "POST", JSON.stringify({ requestObject }), client);
    },

    /** The response object of a call, or an error that shows what came instead. */
    async done(path: string, requestObject: unknown, client: Credentials = admin): Promise<Json> {
      const reply = await bank.call(path, requestObject, client);
      if (reply.status !== 200) throw new Error(`${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
      return reply.body.responseObject;
    },

    /** A request of `/v1`. A text body is sent as it is. */
    async v1(method: string, path: string, body?: unknown, more: V1Options = {}): Promise<Reply> {
      const { client = admin, headers = {}, signal } = more;
      const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
      return send(`${running.privateUrl}/v1${path}`, method, text, client, headers, signal);
    },

    async client(permissions: readonly string[], applications?: readonly string[]): Promise<Credentials> {
      const name = `client ${unique()}`;
      const made = await bank.done("/integration/create", { name, permissions, applications });
      return { clientId: made.clientToken, clientSecret: made.clientSecret };
    },

    /** A new application; what its app builds are made with. */
    async application(applicationId = `app ${unique()}`): Promise<DeviceSettings & { readonly applicationId: string }> {
      await bank.done("/application/create", { applicationId });
      const { versions, masterPublicKey } = await bank.done("/application/detail", { applicationId });
      const { applicationKey, applicationSecret } = versions[0];
      return { url: publicUrl, applicationId, applicationKey, applicationSecret, masterPublicKey };
    },

    /** An ACTIVE device of this user. */
    async device(
      application: DeviceSettings & { readonly applicationId: string },
      userId: string,
      more: { readonly flags?: readonly string[]; readonly version?: DeviceSettings["version"] } = {},
    ): Promise<Device> {
      const device = createDevice({ ...application, version: more.version ?? "3.3" });
      const { applicationId } = application;
      const { activationCode } = await bank.done("/activation/init", { userId, applicationId, flags: more.flags });
      const { activationId } = await device.activate(activationCode);
      await bank.done("/activation/commit", { activationId });
      return device;
    },

    /** A template that no other test uses. */
    async template(more: object = {}): Promise<Json> {
      return bank.done("/operation/template/create", {
        templateName: `payment ${unique()}`,
        operationType: "authorize_payment",
        dataTemplate: "A1*A${amount}${currency}*N${note}",
        signatureType: ["POSSESSION_KNOWLEDGE", "POSSESSION_BIOMETRY"],
        maxFailureCount: 5,
        expiration: 300,
        ...more,
      });
    },

    async close(): Promise<void> {
      await running.close();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
  return bank;
}

interface V1Options {
  readonly client?: Credentials;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

export const payment = { amount: "100", currency: "CZK", note: "rent" } as const;

/** JSON of an object in an object in an object: more levels than a program that recurses can take. */
export function nested(levels: number): string {
  return `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
}

let made = 0;
export function unique(): string {
  return `${++made}`;
}

/** Resolves when the clock is past `at`, epoch ms. */
export function past(at: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, at - Date.now()) + 30));
}

export async function send(
  url: string,
  method: string,
  body: string | Uint8Array | undefined,
  client: Credentials | undefined,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Reply> {
  const authorization =
    client && `Basic ${Buffer.from(`${client.clientId}:${client.clientSecret}`).toString("base64")}`;
  const response = await fetch(url, {
    method,
    headers: {
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(authorization !== undefined && { authorization }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === "string" ? body : new Uint8Array(body) }),
    ...(signal !== undefined && { signal }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === "" ? undefined : JSON.parse(text) };
}
