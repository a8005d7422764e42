/** A bank with OpenID clients: starts CIBA requests, asks for their results, and has devices of both worlds. */
import assert from "node:assert/strict";
import { type Bank, type BankOptions, type Json, type Reply, startBank, unique } from "./bank.ts";
import type { Device } from "./device.ts";

export const cibaGrant = "urn:openid:params:grant-type:ciba";

export interface OidcClient {
  readonly client_id: string;
  readonly client_secret: string;
}

export type OidcBank = Awaited<ReturnType<typeof startOidcBank>>;

export async function startOidcBank(
  opened: BankOptions["opened"],
  config: BankOptions["config"] = {},
  admin?: BankOptions["admin"],
  log?: BankOptions["log"],
) {
  // Tests ask one user more often than anybody should.
  const limits = { backchannelPerUser: 1000, ...config };
  const bank: Bank = await startBank({ opened, config: limits, ...(admin && { admin }), ...(log && { log }) });
  const app = await bank.application();
  const issuer = `${bank.publicUrl.slice(0, -"/enrollment-server".length)}/oidc`;
  const { templateName: login } = await bank.template({
    operationType: "login",
    dataTemplate: "A1*N${bindingMessage}",
    expiration: 120,
  });
  const { templateName: payment } = await bank.template();

  const oidc = {
    bank,
    app,
    issuer,
    login,
    payment,

    /** A relying party; with a secret where `more` says nothing else. */
    async client(more: Json = {}): Promise<OidcClient> {
      const { countersign, ...metadata } = more;
      const reply = await bank.v1("POST", "/oidc-clients", {
        client_name: `shop ${unique()}`,
        countersign: { applications: [app.applicationId], template: login, ...countersign },
        ...metadata,
      });
      assert.equal(reply.status, 201, JSON.stringify(reply.body));
      return reply.body;
    },

    user: () => `user ${unique()}`,
    device: (user: string): Promise<Device> => bank.device(app, user),

    /** `POST /oidc/backchannel` as this client. */
    start: (client: OidcClient, form: Record<string, string>): Promise<Reply> =>
      oidc.post("/backchannel", { scope: "openid", binding_message: "A7K2", ...form }, client),

    /** The `auth_req_id` of a request that was taken. */
    async started(client: OidcClient, form: Record<string, string>): Promise<string> {
      const reply = await oidc.start(client, form);
      assert.equal(reply.status, 200, JSON.stringify(reply.body));
      return reply.body.auth_req_id;
    },

    redeem: (client: OidcClient, authReqId: string, headers: Record<string, string> = {}): Promise<Reply> =>
      oidc.post("/token", { grant_type: cibaGrant, auth_req_id: authReqId }, client, headers),

    async post(
      path: string,
      form: Record<string, string>,
      client?: OidcClient,
      headers: Record<string, string> = {},
    ): Promise<Reply> {
      const basic =
        client &&
        `Basic ${Buffer.from(`${encodeURIComponent(client.client_id)}:${encodeURIComponent(client.client_secret)}`).toString("base64")}`;
      const response = await fetch(issuer + path, {
        method: "POST",
        headers: {
          "content-type": "application/x-www-form-urlencoded",
          ...(basic !== undefined && { authorization: basic }),
          ...headers,
        },
        body: new URLSearchParams(form).toString(),
      });
      const text = await response.text();
      return { status: response.status, headers: response.headers, body: text === "" ? undefined : JSON.parse(text) };
    },

    /** The one pending operation of this user. */
    async pending(user: string): Promise<Json> {
      const reply = await bank.v1("GET", `/operations?userId=${encodeURIComponent(user)}&status=PENDING`);
      assert.equal(reply.status, 200, JSON.stringify(reply.body));
      assert.equal(reply.body.items.length, 1);
      return reply.body.items[0];
    },

    /** Approves what waits for this user with the PIN. */
    async approve(user: string, device: Device): Promise<string> {
      const { id, data } = await oidc.pending(user);
      const answer = await device.signed("/api/auth/token/app/operation/authorize", {
        uriId: "/operation/authorize",
        body: JSON.stringify({ requestObject: { id, data } }),
      });
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      return id;
    },

    async reject(user: string, device: Device, reason = "UNEXPECTED_OPERATION"): Promise<string> {
      const { id } = await oidc.pending(user);
      const answer = await device.signed("/api/auth/token/app/operation/cancel", {
        uriId: "/operation/cancel",
        factors: "possession",
        body: JSON.stringify({ requestObject: { id, reason } }),
      });
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      return id;
    },

    close: () => bank.close(),
  };
  return oidc;
}
