/** One CIBA request, two kinds of device, one verifier: `@countersign/relying-party` against a running server. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { PowerAuthAuthentication } from "@countersign/client/mobile-token";
import { type CibaClient, cibaClient, OpenIdError, type Question, type Started } from "@countersign/relying-party/ciba";
import { type ExpectedApproval, verifyApproval } from "@countersign/relying-party/id-token";
import { fetchJwks, type Jwks } from "@countersign/relying-party/receipt";
import { exportJWK, generateKeyPair } from "jose";
import { type ApproveWorld, bytes, deviceOf, enrolled, openApproveWorld, password } from "../approve/approve-world.ts";
import { application, pin, stores, template } from "../world.ts";

const type = "account_transfer";
const details = [{ type, amount: "1250.00", currency: "EUR", iban: "CZ2730300000001165254011", note: "Rent" }];
const data = "A1*A1250.00EUR*ICZ2730300000001165254011**NRent";
const text = { type: "string", maxLength: 70 };
const parameters = { amount: "/amount", currency: "/currency", iban: "/iban", note: "/note" };

for (const store of await stores()) {
  describe(`approvals by OpenID on ${store.name}`, () => {
    let world: ApproveWorld;
    let issuer: string;
    let keys: Jwks;
    let credentials: { readonly client_id: string; readonly client_secret: string };
    let ciba: CibaClient;

    before(async () => {
      world = await openApproveWorld(store);
      issuer = `${new URL(world.url).origin}/oidc`;
      keys = await fetchJwks(`${issuer}/jwks.json`);
      await world.v1("PUT", `/authorization-types/${type}`, {
        template,
        parameters,
        schema: {
          type: "object",
          properties: { type: { const: type }, amount: text, currency: text, iban: text, note: text },
          required: ["type", "amount", "currency", "iban", "note"],
          additionalProperties: false,
        },
      });
      credentials = await world.v1("POST", "/oidc-clients", registration("shop"));
      ciba = await cibaClient({ issuer, clientId: credentials.client_id, clientSecret: credentials.client_secret });
    });
    after(async () => {
      await world.close();
      await store.drop();
    });

    const registration = (name: string, more: object = {}) => ({
      client_name: name,
      countersign: { applications: [application], template },
      authorization_details_types: [type],
      ...more,
    });
    const question = (user: string): Question => ({
      user,
      details,
      bindingMessage: "A7K2",
      acrValues: ["urn:countersign:acr:knowledge"],
    });
    const expected = (user: string, started: Started, more: Partial<ExpectedApproval> = {}): ExpectedApproval => ({
      issuer,
      clientId: credentials.client_id,
      authReqId: started.authReqId,
      user,
      details,
      data,
      acrValues: ["urn:countersign:acr:knowledge"],
      ...more,
    });

    async function byPowerAuth(user: string, answer: "approve" | "reject" = "approve") {
      const device = await world.device(user);
      return async () => {
        const { operations } = device.createMobileToken();
        const [waiting] = await operations.getOperations();
        if (answer === "approve") await operations.authorize(waiting!, PowerAuthAuthentication.password(pin));
        else await operations.reject(waiting!, "UNEXPECTED_OPERATION");
      };
    }
    async function byApprove(user: string, answer: "approve" | "decline" = "approve") {
      const device = await deviceOf();
      const container = await enrolled(world, device, user);
      return async () => {
        const reference = (await container.retrieveTransactionIds()).at(-1)!;
        const tx = await (await device.retrieveActionInfo(reference)).getAction();
        await tx.setStatus(answer, bytes(password));
      };
    }
    const isCode = (code: string) => (error: unknown) => error instanceof OpenIdError && error.code === code;

    it("the same request approved by a PowerAuth activation and by an Approve container gives ID tokens that one verifier accepts, offline (A15, B01)", async () => {
      for (const [kind, device] of Object.entries({ powerauth: byPowerAuth, "approve-jws": byApprove })) {
        const user = world.userOf();
        const approve = await device(user);
        const started = await ciba.start(question(user));
        assert.equal(await ciba.fetch(started), undefined);
        await approve();
        const approved = await ciba.fetch(started);
        assert.ok(approved !== undefined);
        const proof = await verifyApproval(approved.idToken, keys, expected(user, started), Date.now());
        assert.deepEqual(
          [proof.user, proof.evidence, proof.acr, proof.details],
          [user, kind, "urn:countersign:acr:knowledge", details],
        );
        assert.deepEqual(proof.factors, ["possession", "knowledge"]);
        assert.equal(proof.claims["txn"], proof.operationId);
        assert.equal(await world.statusOf(proof.operationId), "APPROVED");
        const wrong: [string, Partial<ExpectedApproval>][] = [
          ["wrong-issuer", { issuer: `${issuer}/` }],
          ["wrong-audience", { clientId: "another" }],
          ["wrong-request", { authReqId: `${started.authReqId}x` }],
          ["wrong-user", { user: "somebody" }],
          ["wrong-details", { details: [{ ...details[0], amount: "1250.01" }] }],
          ["wrong-data", { data: `${data} ` }],
          ["wrong-acr", { acrValues: ["urn:countersign:acr:biometry"] }],
        ];
        for (const [code, more] of wrong) {
          const check = verifyApproval(approved.idToken, keys, expected(user, started, more), Date.now());
          await assert.rejects(check, isCode(code), code);
        }
        const strict = verifyApproval(
          approved.idToken,
          keys,
          expected(user, started, { deviceSignature: true }),
          Date.now(),
        );
        if (kind === "powerauth") await assert.rejects(strict, isCode("no-device-signature"));
        else assert.equal((await strict).deviceKey, proof.deviceKey);
        await assert.rejects(
          verifyApproval(approved.idToken, keys, expected(user, started), Date.now() + 86_400_000),
          isCode("token-expired"),
        );
        await assert.rejects(ciba.fetch(started), isCode("refused"), "it is redeemed once");
      }
    });

    it("what the person refuses is thrown as denied, with the word the device said", async () => {
      for (const [device, answer] of [
        [byPowerAuth, "reject"],
        [byApprove, "decline"],
      ] as const) {
        const user = world.userOf();
        const refuse = await (device as (user: string, answer: string) => Promise<() => Promise<void>>)(user, answer);
        const started = await ciba.start(question(user));
        await refuse();
        await assert.rejects(ciba.wait({ ...started, intervalSeconds: 0 }), (error: unknown) => {
          assert.ok(error instanceof OpenIdError);
          assert.equal(error.code, "denied");
          assert.match(error.detail ?? "", /^rejected/);
          return true;
        });
      }
    });

    it("a client with keys of its own signs who it is and what it asks, and its tokens are bound to a key", async () => {
      const { privateKey, publicKey } = await generateKeyPair("ES256");
      const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: "shop-1", use: "sig", alg: "ES256" }] };
      const { client_id: clientId } = await world.v1(
        "POST",
        "/oidc-clients",
        registration("signing shop", {
          jwks,
          token_endpoint_auth_method: "private_key_jwt",
          backchannel_authentication_request_signing_alg: "ES256",
          dpop_bound_access_tokens: true,
        }),
      );
      const key = { key: privateKey, kid: "shop-1" };
      const dpop = await generateKeyPair("ES256");
      const signing = await cibaClient({ issuer, clientId, privateKey: key, signRequests: key, dpop, keys });
      const user = world.userOf();
      const approve = await byApprove(user);
      const started = await signing.start(question(user));
      await approve();
      const approved = await signing.wait({ ...started, intervalSeconds: 0 });
      assert.deepEqual([approved.user, approved.details], [user, details]);
    });

    it("what the server does not know is refused with its code", async () => {
      const user = world.userOf();
      await assert.rejects(ciba.start(question(user)), (error: unknown) => {
        assert.ok(error instanceof OpenIdError);
        assert.deepEqual([error.code, error.error], ["refused", "unknown_user_id"]);
        return true;
      });
      await world.device(user);
      const more = { ...question(user), details: [{ ...details[0], amount: "1\u202e0" }] };
      await assert.rejects(ciba.start(more), (error: unknown) => {
        assert.equal((error as OpenIdError).error, "invalid_authorization_details");
        return true;
      });
    });
  });
}
