/** `/rest/v3` and `/v1`: every route against every permission, and against clients of other applications. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fastify from "fastify";
import { type Permission, permissions } from "../../src/accounts/api-client.ts";
import { backOfficeRoutes } from "../../src/api/back-office/routes.ts";
import { pushServerRoutes } from "../../src/api/push-server/routes.ts";
import { v1Routes } from "../../src/api/v1/routes.ts";
import type { Api } from "../../src/api/surfaces.ts";
import type { Deps } from "../../src/deps.ts";
import { refused } from "../answers.ts";
import { type Bank, type Credentials, payment, send, startBank, unique } from "../bank.ts";
import type { Device } from "../device.ts";
import { signedRequest } from "../front-server.ts";
import { suiteOnEachStore } from "../store-suites.ts";

const unknownId = "6e5f34d6-1f0d-4a8b-9d0e-7b2f2f3c4d5e";
const integrate = ["integrate"];
const operate = ["integrate", "operate"];

/** Who may call what. A new route has to be entered here, with its method where that is not POST. */
const matrix: Readonly<Record<string, readonly string[]>> = {
  "/rest/v3/status": operate,
  "/rest/v3/error/list": operate,
  "/rest/v3/application/list": [],
  "/rest/v3/application/create": [],
  "/rest/v3/application/detail": [],
  "/rest/v3/application/detail/version": integrate,
  "/rest/v3/application/version/create": [],
  "/rest/v3/application/version/support": [],
  "/rest/v3/application/version/unsupport": [],
  "/rest/v3/application/config/detail": [],
  "/rest/v3/application/config/create": [],
  "/rest/v3/application/config/remove": [],
  "/rest/v3/application/roles/list": [],
  "/rest/v3/application/roles/create": [],
  "/rest/v3/application/roles/update": [],
  "/rest/v3/application/roles/remove": [],
  "/rest/v3/application/callback/create": [],
  "/rest/v3/application/callback/update": [],
  "/rest/v3/application/callback/list": [],
  "/rest/v3/application/callback/remove": [],
  "/rest/v3/application/callback/secret/rotate": [],
  "/rest/v3/application/callback/event/list": ["operate"],
  "/rest/v3/application/callback/event/replay": ["operate"],
  "/rest/v3/integration/create": [],
  "/rest/v3/integration/list": [],
  "/rest/v3/integration/remove": [],
  "/rest/v3/activation/init": integrate,
  "/rest/v3/activation/prepare": integrate,
  "/rest/v3/activation/create": integrate,
  "/rest/v3/activation/otp/update": integrate,
  "/rest/v3/activation/commit": integrate,
  "/rest/v3/activation/status": operate,
  "/rest/v3/activation/block": operate,
  "/rest/v3/activation/unblock": operate,
  "/rest/v3/activation/remove": operate,
  "/rest/v3/activation/status/update": operate,
  "/rest/v3/activation/list": operate,
  "/rest/v3/activation/lookup": operate,
  "/rest/v3/activation/history": operate,
  "/rest/v3/activation/name/update": operate,
  "/rest/v3/activation/flags/list": operate,
  "/rest/v3/activation/flags/create": integrate,
  "/rest/v3/activation/flags/update": integrate,
  "/rest/v3/activation/flags/remove": integrate,
  "/rest/v3/signature/verify": integrate,
  "/rest/v3/signature/offline/personalized/create": integrate,
  "/rest/v3/signature/offline/non-personalized/create": integrate,
  "/rest/v3/signature/offline/verify": integrate,
  "/rest/v3/signature/list": operate,
  "/rest/v3/signature/ecdsa/sign": integrate,
  "/rest/v3/signature/ecdsa/verify": integrate,
  "/rest/v3/token/create": integrate,
  "/rest/v3/token/validate": integrate,
  "/rest/v3/token/remove": integrate,
  "/rest/v3/vault/unlock": integrate,
  "/rest/v3/ecies/decryptor": integrate,
  "/rest/v3/keystore/create": integrate,
  "/rest/v3/keystore/remove": integrate,
  "/rest/v3/upgrade/start": integrate,
  "/rest/v3/upgrade/commit": integrate,
  "/rest/v3/operation/template/create": integrate,
  "/rest/v3/operation/template/list": integrate,
  "/rest/v3/operation/template/detail": integrate,
  "/rest/v3/operation/template/update": integrate,
  "/rest/v3/operation/template/remove": integrate,
  "/rest/v3/operation/create": integrate,
  "/rest/v3/operation/detail": integrate,
  "/rest/v3/operation/claim": integrate,
  "/rest/v3/operation/cancel": integrate,
  "/rest/v3/operation/list": operate,
  "/rest/v3/operation/list/pending": operate,
  "/rest/v3/operation/list/external": operate,
  "/rest/v3/operation/approve": ["decide"],
  "/rest/v3/operation/reject": ["decide"],
  "/rest/v3/operation/approve/fail": ["decide"],
  "GET /v1/live": ["relying-party", "integrate", "operate"],
  "/v1/operations": ["relying-party"],
  "GET /v1/operations": ["relying-party", "operate"],
  "GET /v1/operations/:id": ["relying-party", "operate"],
  "GET /v1/operations/:id/receipt": ["relying-party"],
  "/v1/operations/:id/cancel": ["relying-party"],
  "/v1/operations/:id/offline-qr": ["relying-party"],
  "/v1/operations/:id/offline-code": ["relying-party"],
  "/v1/templates": integrate,
  "GET /v1/templates": integrate,
  "GET /v1/templates/:name": integrate,
  "PUT /v1/templates/:name": integrate,
  "DELETE /v1/templates/:name": integrate,
  "GET /v1/display-templates": integrate,
  "GET /v1/display-templates/:operationType/:language": integrate,
  "PUT /v1/display-templates/:operationType/:language": integrate,
  "/v1/display-templates/:operationType/:language/preview": integrate,
  "DELETE /v1/display-templates/:operationType/:language": integrate,
  "PUT /v1/device-types/:id": integrate,
  "GET /v1/device-types": operate,
  "GET /v1/device-types/:id": operate,
  "DELETE /v1/device-types/:id": integrate,
  "/v1/offers": integrate,
  "GET /v1/offers": operate,
  "GET /v1/offers/:id": operate,
  "GET /v1/containers": operate,
  "GET /v1/containers/:id": operate,
  "/v1/containers/:id/block": operate,
  "/v1/containers/:id/unblock": operate,
  "DELETE /v1/containers/:id": operate,
  "/v1/transactions": ["relying-party"],
  "GET /v1/transactions/:id/reference": ["relying-party"],
  "/v1/direct-requests/:id/redeem": ["relying-party"],
  "GET /v1/users/:id/approvals": ["operate"],
  "PUT /v1/users/:id/user-code": ["operate"],
  "DELETE /v1/users/:id/user-code": ["operate"],
  "/v1/oidc-clients/initial-access-tokens": [],
  "/v1/users/:id/approvals/unblock": ["operate"],
  "/v1/otp/validate": ["relying-party"],
  "/v1/otp/challenge": ["relying-party"],
  "/v1/applications": [],
  "GET /v1/applications": ["operate"],
  "GET /v1/applications/:id": [],
  "PUT /v1/applications/:id/roles": [],
  "/v1/applications/:id/versions": [],
  "/v1/applications/:id/versions/:versionId/support": [],
  "/v1/applications/:id/versions/:versionId/unsupport": [],
  "/v1/activations": integrate,
  "GET /v1/activations": operate,
  "GET /v1/activations/:id": operate,
  "GET /v1/activations/:id/history": operate,
  "/v1/activations/:id/commit": integrate,
  "/v1/activations/:id/block": operate,
  "/v1/activations/:id/unblock": operate,
  "DELETE /v1/activations/:id": operate,
  "PUT /v1/activations/:id/name": operate,
  "PUT /v1/activations/:id/flags": integrate,
  "/v1/api-clients": [],
  "GET /v1/api-clients": [],
  "DELETE /v1/api-clients/:id": [],
  "/v1/oidc-clients": [],
  "GET /v1/oidc-clients": [],
  "GET /v1/oidc-clients/:id": [],
  "PUT /v1/oidc-clients/:id": [],
  "/v1/oidc-clients/:id/rotate-secret": [],
  "DELETE /v1/oidc-clients/:id": [],
  "GET /v1/authorization-types": integrate,
  "GET /v1/authorization-types/:type": integrate,
  "PUT /v1/authorization-types/:type": integrate,
  "DELETE /v1/authorization-types/:type": integrate,
  "GET /v1/audit": ["operate"],
  "/v1/audit/erase": [],
  "/v1/keys/rotate": [],
  "/v1/keys/reseal": [],
  "GET /v1/users": operate,
  "GET /v1/statistics": ["operate"],
  "GET /v1/callbacks": ["operate"],
  "GET /v1/callbacks/:id/deliveries": ["operate"],
  "/v1/callbacks/:id/replay": ["operate"],
  "/v1/webhooks": [],
  "GET /v1/webhooks": ["operate"],
  "GET /v1/webhooks/:id": ["operate"],
  "PATCH /v1/webhooks/:id": [],
  "DELETE /v1/webhooks/:id": [],
  "/v1/webhooks/:id/rotate-secret": [],
  "GET /v1/webhooks/:id/deliveries": ["operate"],
  "/v1/webhooks/:id/replay": ["operate"],
  ...Object.fromEntries(
    ["apns", "fcm", "hms", "web"].flatMap((platform) =>
      ["PUT", "GET", "DELETE"].map((method) => [`${method} /v1/push-gateways/:applicationId/${platform}`, []]),
    ),
  ),
  "GET /v1/push-settings/:applicationId": [],
  "PUT /v1/push-settings/:applicationId": [],
  "GET /v1/push-devices": operate,
  "DELETE /v1/push-devices/:applicationId/:activationId": operate,
  "/v1/inbox/messages": ["integrate", "relying-party"],
  "GET /v1/inbox/messages": ["integrate", "relying-party"],
  "DELETE /v1/inbox/messages/:id": ["integrate", "relying-party"],
  "/push/device/create": integrate,
  "/push/device/delete": integrate,
  "DELETE /push/device/delete": integrate,
  "/push/device/status/update": integrate,
  "PUT /push/device/status/update": integrate,
  "/push/message/send": integrate,
  "/inbox/messages": integrate,
  "GET /inbox/messages/list": integrate,
  "GET /inbox/messages/count": integrate,
  "GET /inbox/messages/detail": integrate,
  "/inbox/messages/read": integrate,
  "PUT /inbox/messages/read": integrate,
  "/inbox/messages/read-all": integrate,
  "PUT /inbox/messages/read-all": integrate,
};

/** `admin` is enough for everything but deciding. */
function mayCall(permission: Permission, needed: readonly string[]): boolean {
  return permission === "admin" ? !needed.includes("decide") : needed.includes(permission);
}

test("Every private route is in the permission table, and declares what the table says", () => {
  const app = fastify() as unknown as Api;
  const found: Record<string, readonly string[]> = {};
  app.addHook("onRoute", ({ method, url, config }) => {
    for (const one of [method].flat().filter((known) => known !== "HEAD")) {
      found[one === "POST" ? url : `${one} ${url}`] = [config?.permission ?? []].flat();
    }
  });
  backOfficeRoutes(app, {} as Deps);
  v1Routes(app, {} as Deps);
  pushServerRoutes(app, {} as Deps);
  assert.deepEqual(Object.keys(found).sort(), Object.keys(matrix).sort());
  for (const [path, declared] of Object.entries(found)) {
    for (const permission of permissions) {
      const implied = permission === "admin" ? ["admin", "integrate", "operate", "relying-party"] : [permission];
      const enough = declared.some((one) => implied.includes(one));
      assert.equal(enough, mayCall(permission, matrix[path]!), `${path} by ${permission}`);
    }
  }
});

suiteOnEachStore((kind, open) => {
  describe(`Permissions on ${kind}`, () => {
    let bank: Bank;
    let app: Awaited<ReturnType<Bank["application"]>>;
    let user: string;
    let device: Device;
    before(async () => {
      bank = await startBank({ opened: await open() });
      app = await bank.application();
      user = `user ${unique()}`;
      device = await bank.device(app, user);
    });
    after(() => bank.close());

    test("Each route × each permission: let in where the table says so, refused with 403 otherwise", async () => {
      const clients = new Map<Permission, Credentials>();
      for (const permission of permissions) clients.set(permission, await bank.client([permission]));
      for (const [path, needed] of Object.entries(matrix)) {
        const [, method = "POST", place = ""] = /^(?:(\w+) )?(.*)$/.exec(path) ?? [];
        const url = bank.privateUrl + place.replaceAll(/:\w+/g, unknownId);
        const body = method === "GET" || method === "DELETE" ? undefined : "{";
        for (const [permission, client] of clients) {
          const { status } = await send(url, method, body, client);
          const allowed = mayCall(permission, needed);
          const title = `${path} by ${permission}: ${status}`;
          if (allowed) assert.ok([200, 400, 404].includes(status), title);
          else assert.equal(status, 403, title);
        }
        const nobody = await send(url, method, body, undefined);
        assert.equal(nobody.status, 401, path);
        assert.equal(nobody.headers.get("www-authenticate"), null);
        const wrong = { clientId: bank.admin.clientId, clientSecret: "wrong" };
        assert.equal((await send(url, method, body, wrong)).status, 401, path);
      }
    });

    test("A client of another application finds nothing: each call answers as if the object did not exist", async () => {
      const other = await bank.application();
      const stranger = await bank.client(["admin", "decide"], [other.applicationId]);
      const { templateName } = await bank.template();
      const { applicationId, applicationKey } = app;
      const { activationId } = device;
      const { id: operationId, data } = await bank.done("/operation/create", {
        templateName,
        userId: user,
        applications: [applicationId],
        parameters: payment,
        externalId: "hidden",
      });
      const callback = await bank.done("/application/callback/create", {
        applicationId,
        name: `n ${unique()}`,
        callbackUrl: "https://a.example",
        type: "ACTIVATION_STATUS_CHANGE",
      });
      const decision = { operationId, userId: user, applicationId };
      const refusals: [string, object, string][] = [
        ["/application/detail", { applicationId }, "ERR0015"],
        ["/application/create", { applicationId: `app ${unique()}` }, "ERR0015"],
        ["/application/detail/version", { applicationKey }, "ERR0015"],
        ["/application/version/create", { applicationId, applicationVersionId: "x" }, "ERR0015"],
        ["/application/version/unsupport", { applicationId, applicationVersionId: "default" }, "ERR0015"],
        ["/application/config/detail", { applicationId }, "ERR0015"],
        [
          "/application/config/create",
          { applicationId, key: "user_info", values: [{ provider: "MINIMAL" }] },
          "ERR0015",
        ],
        ["/application/config/remove", { applicationId, key: "user_info" }, "ERR0015"],
        ["/application/roles/list", { applicationId }, "ERR0015"],
        ["/application/roles/update", { applicationId, applicationRoles: ["x"] }, "ERR0015"],
        [
          "/application/callback/create",
          { applicationId, name: "x", callbackUrl: "https://a.example", type: "ACTIVATION_STATUS_CHANGE" },
          "ERR0015",
        ],
        ["/application/callback/list", { applicationId }, "ERR0015"],
        ["/activation/init", { userId: user, applicationId }, "ERR0015"],
        ["/activation/commit", { activationId }, "ERR0009"],
        ["/activation/otp/update", { activationId, activationOtp: "1" }, "ERR0009"],
        ["/activation/block", { activationId }, "ERR0009"],
        ["/activation/unblock", { activationId }, "ERR0009"],
        ["/activation/remove", { activationId }, "ERR0009"],
        ["/activation/status/update", { activationIds: [activationId], activationStatus: "BLOCKED" }, "ERR0009"],
        ["/activation/name/update", { activationId, activationName: "x" }, "ERR0009"],
        ["/activation/flags/list", { activationId }, "ERR0009"],
        ["/activation/flags/update", { activationId, activationFlags: [] }, "ERR0009"],
        ["/activation/list", { userId: user, applicationId }, "ERR0015"],
        ["/activation/lookup", { userIds: [user], applicationIds: [applicationId] }, "ERR0015"],
        ["/signature/offline/personalized/create", { activationId, data: "a" }, "ERR0009"],
        ["/signature/offline/non-personalized/create", { applicationId, data: "a" }, "ERR0015"],
        ["/signature/list", { userId: user, applicationId }, "ERR0015"],
        ["/upgrade/commit", { activationId, applicationKey }, "ERR0009"],
        ["/signature/ecdsa/sign", { activationId, data: "" }, "ERR0009"],
        ["/signature/ecdsa/verify", { activationId, data: "", signature: "AAAA" }, "ERR0009"],
        [
          "/operation/create",
          { templateName, userId: user, applications: [applicationId], parameters: payment },
          "ERR0015",
        ],
        [
          "/operation/create",
          { templateName, applications: [other.applicationId], activationId, parameters: payment },
          "ERR0024",
        ],
        ["/operation/detail", { operationId }, "ERR0034"],
        ["/operation/claim", { operationId, userId: user }, "ERR0034"],
        ["/operation/cancel", { operationId }, "ERR0034"],
        ["/operation/approve/fail", { operationId }, "ERR0034"],
        ["/operation/approve", { ...decision, data, signatureType: "POSSESSION_KNOWLEDGE" }, "ERR0015"],
        [
          "/operation/approve",
          { ...decision, applicationId: other.applicationId, data, signatureType: "POSSESSION_KNOWLEDGE" },
          "ERR0037",
        ],
        ["/operation/reject", { ...decision, applicationId: other.applicationId }, "ERR0038"],
        ["/operation/list", { userId: user, applications: [applicationId] }, "ERR0015"],
        ["/operation/list/pending", { userId: user, applications: [applicationId] }, "ERR0015"],
        ["/operation/list/external", { externalId: "hidden", applications: [applicationId] }, "ERR0015"],
      ];
      for (const [path, request, code] of refusals) {
        const reply = await bank.call(path, request, stranger);
        assert.equal(reply.body.responseObject.code, code, path);
        refused(reply, code);
      }
      const done = (path: string, request: object) => bank.done(path, request, stranger);
      assert.deepEqual(await done("/application/list", {}), {
        applications: [{ applicationId: other.applicationId, applicationRoles: [] }],
      });
      assert.equal((await done("/activation/status", { activationId })).activationStatus, "REMOVED");
      assert.deepEqual(await done("/activation/list", { userId: user }), { userId: user, activations: [] });
      assert.deepEqual(await done("/signature/list", { userId: user }), { items: [] });
      const offline = await done("/signature/offline/verify", { activationId, data: "a", signature: "1-1" });
      assert.deepEqual([offline.signatureValid, offline.activationStatus], [false, "REMOVED"]);
      assert.deepEqual(await done("/activation/lookup", { userIds: [user] }), { activations: [] });
      assert.deepEqual(await done("/activation/history", { activationId }), { items: [] });
      assert.deepEqual(await done("/application/callback/remove", { id: callback.id }), {
        id: callback.id,
        removed: false,
      });
      const verification = await done("/signature/verify", signedRequest(device, app));
      assert.deepEqual([verification.signatureValid, verification.activationStatus], [false, "REMOVED"]);
      assert.equal((await bank.done("/activation/status", { activationId })).activationStatus, "ACTIVE");
      assert.equal((await bank.done("/operation/detail", { operationId })).status, "PENDING");
    });
  });
});
