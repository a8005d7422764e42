/** Receipts: signed claims of a decision, fixed when it was made, that verify with published keys alone. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fromUtf8, toBase64Url, utf8 } from "@countersign/protocol/bytes";
import { nodeCrypto } from "@countersign/protocol/crypto-node";
import { canonicalDisplay, display } from "@countersign/protocol/operation/display";
import { activationFingerprint } from "@countersign/protocol/powerauth/fingerprint";
import { readReceiptClaims, type ReceiptClaims } from "@countersign/protocol/receipt";
import { compactVerify, createLocalJWKSet } from "jose";
import { type Bank, payment, startBank, unique } from "../bank.ts";
import type { Device } from "../device.ts";
import { suiteOnEachStore } from "../store-suites.ts";

const base = "/api/auth/token/app/operation";
const data = "A1*A100CZK*Nrent";

suiteOnEachStore((kind, open) => {
  describe(`Receipts on ${kind}`, () => {
    let bank: Bank;
    let app: Awaited<ReturnType<Bank["application"]>>;
    let template: string;
    let user: string;
    let device: Device;
    before(async () => {
      bank = await startBank({ opened: await open() });
      app = await bank.application();
      template = (await bank.template()).templateName;
      user = `user ${unique()}`;
      device = await bank.device(app, user);
    });
    after(() => bank.close());

    async function create(more: object = {}): Promise<string> {
      const body = { template, userId: user, applications: [app.applicationId], parameters: payment, ...more };
      const { status, body: operation } = await bank.v1("POST", "/operations", body);
      assert.equal(status, 201);
      return operation.id;
    }
    const sign = (path: string, requestObject: object, factors: "possession" | "possession_knowledge") => {
      const body = JSON.stringify({ requestObject });
      const headers = device.sign({ uriId: `/operation${path}`, body, factors });
      return device.post(base + path, body, { ...headers, "accept-language": "cs-CZ,cs;q=0.9" });
    };
    const approve = (id: string) => sign("/authorize", { id, data }, "possession_knowledge");
    const receiptOf = (id: string) => bank.v1("GET", `/operations/${id}/receipt`);

    async function verified(id: string): Promise<{ claims: ReceiptClaims; receipt: string; kid: string | undefined }> {
      const { status, body } = await receiptOf(id);
      assert.equal(status, 200, JSON.stringify(body));
      assert.deepEqual(Object.keys(body).sort(), ["claims", "receipt"]);
      const jwks = await (await fetch(`${new URL(bank.publicUrl).origin}/.well-known/countersign/jwks.json`)).json();
      const { payload, protectedHeader } = await compactVerify(body.receipt, createLocalJWKSet(jwks as never));
      assert.deepEqual([protectedHeader.typ, protectedHeader.alg], ["countersign-receipt+jwt", "ES256"]);
      const claims = readReceiptClaims(JSON.parse(fromUtf8(payload)!));
      assert.ok(claims);
      assert.deepEqual(body.claims, claims);
      return { claims, receipt: body.receipt, kid: protectedHeader.kid };
    }

    test("An approval's receipt says what was signed, with which factors, by which keys, and where it stands in the audit", async () => {
      const id = await create({ externalId: "order-7" });
      const counter = (await bank.store.findActivation(device.activationId))!.counter;
      assert.equal((await approve(id)).status, 200);
      const { claims } = await verified(id);
      const { operation, decisions, audit, ...head } = claims;
      assert.equal(claims.sub, id);
      assert.deepEqual([head.ver, head.tenant], [1, bank.store.tenant]);
      assert.equal(head.iss, new URL(bank.publicUrl).origin);
      assert.deepEqual(
        { ...operation, createdAt: 0 },
        { id, type: "authorize_payment", status: "APPROVED", externalId: "order-7", data, createdAt: 0 },
      );
      const [decision, ...others] = decisions;
      assert.deepEqual(others, []);
      assert.deepEqual([decision!.decision, decision!.userId], ["approve", user]);
      assert.equal(head.iat, Math.floor(decision!.at / 1000));
      const serverKey = nodeCrypto.importPublicKey(
        new Uint8Array(
          Buffer.from((await bank.store.findActivation(device.activationId))!.server_public_key, "base64"),
        ),
      )!;
      const { signedSha256, ...evidence } = decision!.evidence;
      assert.match(signedSha256!, /^[\w-]{43}$/);
      assert.deepEqual(evidence, {
        kind: "powerauth",
        factors: ["possession", "knowledge"],
        applicationId: app.applicationId,
        activationId: device.activationId,
        keyFingerprint: activationFingerprint(nodeCrypto, device.publicKey, device.activationId, serverKey),
        protocolVersion: "3.3",
        counter,
      });
      const plain = { operationType: "authorize_payment", parameters: payment, riskFlags: "", proximityCheck: false };
      const sha256 = toBase64Url(nodeCrypto.sha256(utf8(canonicalDisplay(display(plain, undefined)))));
      const shown = { sha256, language: "und", template: "authorize_payment", by: "server" };
      assert.deepEqual(decision!.shown, shown);
      const [event] = await bank.store.read
        .selectFrom("audit_event")
        .selectAll()
        .where("lane", "=", audit.lane)
        .where("seq", "=", audit.seq)
        .execute();
      assert.deepEqual([event?.type, event?.subject, event?.hash], ["operation.approved", id, audit.hash]);
    });

    test("A rejection's receipt has the user's reason and possession alone", async () => {
      const id = await create();
      assert.equal((await sign("/cancel", { id, reason: "INCORRECT_DATA" }, "possession")).status, 200);
      const { claims } = await verified(id);
      assert.equal(claims.operation.status, "REJECTED");
      const [decision] = claims.decisions;
      assert.deepEqual([decision!.decision, decision!.reason], ["reject", "INCORRECT_DATA"]);
      assert.deepEqual(decision!.evidence.factors, ["possession"]);
    });

    test("A decision of the back office claims no factor, whatever combination the caller stated", async () => {
      const decider = await bank.client(["decide"]);
      const id = await create();
      await bank.done(
        "/operation/approve",
        {
          operationId: id,
          userId: user,
          applicationId: app.applicationId,
          data,
          signatureType: "POSSESSION_KNOWLEDGE",
        },
        decider,
      );
      const { claims } = await verified(id);
      assert.deepEqual(claims.decisions[0]!.evidence, {
        kind: "back-office",
        factors: [],
        applicationId: app.applicationId,
        clientId: decider.clientId,
      });
    });

    test("The claims never change: asked again, after an edited template and by another client, they are the same", async () => {
      const id = await create();
      await approve(id);
      const first = await verified(id);
      const again = await verified(id);
      assert.deepEqual(again.claims, first.claims);
      assert.equal(again.kid, first.kid);
      const body = await bank.v1("GET", `/operations/${id}`);
      const decision = body.body.decisions[0];
      assert.equal(Date.parse(decision.at), first.claims.decisions[0]!.at);
    });

    test("A receipt with one changed character does not verify", async () => {
      const id = await create();
      await approve(id);
      const { receipt } = await verified(id);
      const jwks = await (await fetch(`${new URL(bank.publicUrl).origin}/.well-known/countersign/jwks.json`)).json();
      const keys = createLocalJWKSet(jwks as never);
      const [header, payload, signature] = receipt.split(".") as [string, string, string];
      const swap = (text: string) => (text.startsWith("A") ? `B${text.slice(1)}` : `A${text.slice(1)}`);
      for (const forged of [`${header}.${swap(payload)}.${signature}`, `${header}.${payload}.${swap(signature)}`]) {
        await assert.rejects(compactVerify(forged, keys));
      }
    });

    test("Where nobody decided there is no receipt: pending, canceled, failed, expired; unknown is not found", async () => {
      const decider = await bank.client(["decide"]);
      const own = await bank.template({ maxFailureCount: 1 });
      const pending = await create();
      const canceled = await create();
      await bank.done("/operation/cancel", { operationId: canceled });
      const failed = await create({ template: own.templateName });
      await bank.done("/operation/approve/fail", { operationId: failed }, decider);
      const overdue = await create({ expiresAt: Date.now() + 200 });
      await new Promise((resolve) => setTimeout(resolve, 250));
      for (const id of [pending, canceled, failed, overdue]) {
        const { status, body } = await receiptOf(id);
        assert.deepEqual([status, body.code], [409, "not-decided"]);
      }
      for (const id of ["6e5f34d6-1f0d-4a8b-9d0e-7b2f2f3c4d5e", "none", "%00"]) {
        const { status, body } = await receiptOf(id);
        assert.deepEqual([status, body.code], [404, "operation-not-found"]);
      }
    });
  });
});
