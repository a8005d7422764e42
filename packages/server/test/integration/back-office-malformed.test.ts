/** `/rest/v3`: whatever is sent, the answer is an envelope with a code, and never a server error. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { toBase64 } from "@countersign/protocol/bytes";
import fastify from "fastify";
import { permissions } from "../../src/accounts/api-client.ts";
import { backOfficeRoutes } from "../../src/api/back-office/routes.ts";
import type { Api } from "../../src/api/surfaces.ts";
import type { Deps } from "../../src/deps.ts";
import { refused } from "../answers.ts";
import { type Bank, payment, send, startBank, unique } from "../bank.ts";
import { suiteOnEachStore } from "../store-suites.ts";

const unknownId = "6e5f34d6-1f0d-4a8b-9d0e-7b2f2f3c4d5e";

function allPaths(): readonly string[] {
  const app = fastify() as unknown as Api;
  const paths: string[] = [];
  app.addHook("onRoute", ({ url }) => void paths.push(url));
  backOfficeRoutes(app, {} as Deps);
  return paths;
}

suiteOnEachStore((kind, open) => {
  describe(`Malformed requests on ${kind}`, () => {
    let bank: Bank;
    let app: Awaited<ReturnType<Bank["application"]>>;
    let user: string;
    before(async () => {
      bank = await startBank({ opened: await open() });
      app = await bank.application();
      user = `user ${unique()}`;
    });
    after(() => bank.close());

    test("Malformed requests are refused with 4xx in the envelope, on every path, whatever they are", async () => {
      const everything = await bank.client([...permissions]);
      const bodies = [
        undefined,
        "",
        "{",
        "null",
        "[]",
        "7",
        '"x"',
        '{"requestObject":null}',
        '{"requestObject":[]}',
        '{"requestObject":{"__proto__":1}}',
      ];
      for (const path of allPaths()) {
        for (const body of bodies) {
          const reply = await send(bank.privateUrl + path, "POST", body, everything);
          const title = `${path} ${body} ${reply.status}`;
          if (reply.status === 200) assert.ok(/\/(status|list)$/.test(path), title);
          else assert.ok(reply.status === 400 && reply.body.status === "ERROR", title);
        }
      }
      const text = await send(`${bank.privateUrl}/rest/v3/status`, "POST", "x=1", everything, {
        "content-type": "application/x-www-form-urlencoded",
      });
      refused(text, "ERROR_HTTP_REQUEST");
      for (const missing of [
        await bank.call("/recovery/create", { applicationId: app.applicationId, userId: "u", pukCount: 1 }, everything),
        await bank.call("/recovery/lookup", {}, everything),
        await send(`${bank.privateUrl}/rest/v3/status`, "GET", undefined, everything),
      ]) {
        const { status, responseObject } = missing.body;
        assert.deepEqual([missing.status, status, responseObject.code], [404, "ERROR", "ERROR_NOT_FOUND"]);
      }
    });

    test("No member of any request, whatever it is replaced by, is answered with a server error", async () => {
      const everything = await bank.client([...permissions]);
      const { templateName, id: templateId } = await bank.template();
      const { applicationId, applicationKey } = app;
      const { activationId } = await bank.device(app, user);
      const operation = {
        templateName,
        userId: user,
        applications: [applicationId],
        parameters: payment,
        externalId: "f",
        additionalData: {},
        activationFlag: "A",
        timestampExpires: Date.now() + 100_000,
      };
      const { id: operationId, data } = await bank.done("/operation/create", operation);
      const cryptogram = {
        temporaryKeyId: unknownId,
        ephemeralPublicKey: "AAAA",
        encryptedData: "AAAA",
        mac: "AAAA",
        nonce: "AAAA",
        timestamp: 1,
      };
      const keyed = { applicationKey, protocolVersion: "3.3", ...cryptogram };
      const examples: [string, Record<string, unknown>][] = [
        ["/application/detail", { applicationId }],
        ["/application/detail/version", { applicationKey }],
        ["/application/roles/create", { applicationId, applicationRoles: ["a"] }],
        ["/application/callback/list", { applicationId }],
        ["/application/callback/remove", { id: unknownId }],
        ["/integration/remove", { id: unknownId }],
        [
          "/activation/init",
          {
            userId: user,
            applicationId,
            timestampActivationExpire: 1,
            maxFailureCount: 5,
            commitPhase: "ON_COMMIT",
            activationOtp: "1",
            flags: ["a"],
            additionalData: {},
          },
        ],
        ["/activation/prepare", { activationCode: "AAAAA-AAAAA-AAAAA-AAAAA", ...keyed }],
        ["/activation/create", { userId: user, ...keyed }],
        ["/activation/commit", { activationId, activationOtp: "1", externalUserId: "x" }],
        ["/activation/status", { activationId, challenge: toBase64(new Uint8Array(16)) }],
        [
          "/activation/list",
          {
            userId: user,
            applicationId,
            pageNumber: 0,
            pageSize: 1,
            activationStatuses: ["ACTIVE"],
            protocols: ["powerauth"],
          },
        ],
        [
          "/activation/lookup",
          {
            userIds: [user],
            applicationIds: [applicationId],
            timestampLastUsedBefore: 1,
            activationStatus: "ACTIVE",
            activationFlags: ["a"],
          },
        ],
        ["/activation/history", { activationId, timestampFrom: 1, timestampTo: 2 }],
        ["/activation/name/update", { activationId, activationName: "x", externalUserId: "x" }],
        ["/activation/flags/create", { activationId, activationFlags: ["a"] }],
        [
          "/signature/verify",
          {
            activationId,
            applicationKey,
            data: "x",
            signature: "AAAA",
            signatureType: "POSSESSION",
            signatureVersion: "3.3",
            forcedSignatureVersion: 3,
          },
        ],
        [
          "/signature/offline/personalized/create",
          {
            activationId,
            data: "a",
            nonce: toBase64(new Uint8Array(16)),
            proximityCheck: { seed: "AAAA", stepLength: 30 },
          },
        ],
        ["/signature/offline/non-personalized/create", { applicationId, data: "a" }],
        [
          "/signature/offline/verify",
          {
            activationId,
            data: "POST&AAAA&AAAA&AAAA",
            signature: "12345678-12345678",
            componentLength: 8,
            allowBiometry: true,
            proximityCheck: { seed: "AAAA", stepLength: 30, stepCount: 2 },
          },
        ],
        ["/signature/list", { userId: user, applicationId, timestampFrom: 1, timestampTo: 2 }],
        ["/upgrade/start", { activationId, applicationKey }],
        ["/signature/ecdsa/verify", { activationId, data: "AAAA", signature: "AAAA", signatureFormat: "DER" }],
        ["/token/create", { activationId, signatureType: "POSSESSION", ...keyed }],
        [
          "/token/validate",
          { tokenId: unknownId, tokenDigest: "AAAA", nonce: "AAAA", timestamp: 1, protocolVersion: "3.3" },
        ],
        ["/token/remove", { tokenId: unknownId, activationId }],
        [
          "/vault/unlock",
          {
            activationId,
            applicationKey,
            signature: "AAAA",
            signatureType: "POSSESSION_KNOWLEDGE",
            signatureVersion: "3.3",
            signedData: "x",
            ...cryptogram,
          },
        ],
        [
          "/ecies/decryptor",
          {
            activationId,
            applicationKey,
            protocolVersion: "3.3",
            temporaryKeyId: unknownId,
            ephemeralPublicKey: "AAAA",
            nonce: "AAAA",
            timestamp: 1,
          },
        ],
        ["/keystore/create", { jwt: "a.b.c" }],
        ["/keystore/remove", { id: unknownId }],
        ["/operation/template/detail", { id: templateId }],
        ["/operation/create", operation],
        ["/operation/detail", { operationId, userId: user }],
        ["/operation/list", { userId: user, applications: [applicationId], activationId, pageNumber: 0, pageSize: 1 }],
        ["/operation/list/external", { externalId: "f", applications: [applicationId], pageNumber: 0 }],
        [
          "/operation/approve",
          {
            operationId,
            userId: "other",
            applicationId,
            data,
            signatureType: "POSSESSION",
            additionalData: { activationId },
          },
        ],
        ["/operation/reject", { operationId, userId: "other", applicationId, additionalData: {} }],
        ["/operation/cancel", { operationId: unknownId, statusReason: "x", additionalData: {} }],
      ];
      const deep = JSON.parse(`${'{"a":'.repeat(2000)}1${"}".repeat(2000)}`) as object;
      const odd: unknown[] = [
        undefined,
        null,
        7,
        -1,
        1.5,
        1e300,
        true,
        "",
        "\u0000",
        "\ud800",
        "x".repeat(5000),
        "%",
        "'; --",
        [],
        [null],
        [["\u0000"]],
        {},
        { a: "\u0000" },
        deep,
      ];
      let sent = 0;
      for (const [path, example] of examples) {
        for (const member of Object.keys(example)) {
          for (const value of odd) {
            const { status, body } = await bank.call(path, { ...example, [member]: value }, everything);
            assert.ok(status < 500, `${path} ${member} = ${JSON.stringify(value)?.slice(0, 40)}: ${status}`);
            assert.ok(body.status === (status === 200 ? "OK" : "ERROR"), path);
            sent++;
          }
        }
      }
      assert.ok(sent > 2000);
    });
  });
});
