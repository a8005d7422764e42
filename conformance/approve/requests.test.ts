/** Requests that the relying party signed, checked on the device with keys pinned before (Approve protocol §7). */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { ServerProtocolException } from "@countersign/client/approve";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { application, stores, template } from "../world.ts";
import { bytes, deviceOf, enrolled, password, worldOn } from "./approve-world.ts";

const details = [
  { type: "payment", amount: "1250.00", currency: "EUR", creditor: { iban: "CZ2730300000001165254011" } },
];

for (const store of await stores()) {
  describe(`requests signed by the relying party on ${store.name}`, () => {
    const world = worldOn(store);
    let key: Awaited<ReturnType<typeof generateKeyPair>>;
    before(async () => {
      key = await generateKeyPair("ES256", { extractable: true });
    });

    const sign = (clientId: string, claims: object) =>
      new SignJWT({ scope: "openid", nbf: Math.floor(Date.now() / 1000), ...claims })
        .setProtectedHeader({ alg: "ES256" })
        .setIssuer(clientId)
        .setAudience(`${world.url}/oidc`)
        .setIssuedAt()
        .setJti(crypto.randomUUID())
        .setExpirationTime("5m")
        .sign(key.privateKey);

    it("the device refuses a request whose details were changed on the server, or that is missing (APV-RP-2, -3)", async () => {
      const user = world.userOf();
      const { clientId } = world.credentials;
      const relyingParties = [{ id: clientId, keys: [await exportJWK(key.publicKey)] }];
      const device = await deviceOf({ relyingParties });
      const container = await enrolled(world, device, user);
      const request = await sign(clientId, {
        authorization_details: details,
        binding_message: "A7K2",
        login_hint: user,
      });
      const told = async (more: object) => {
        const said = {
          userId: user,
          clientName: "Bank",
          bindingMessage: "A7K2",
          authorizationDetails: details,
          request,
          ...more,
        };
        const { operation } = await world.v1("POST", "/transactions", world.payment(said));
        const ids = await container.retrieveTransactionIds();
        const infos = await Promise.all(ids.map((id) => device.retrieveActionInfo(bytes(id))));
        const info = infos.find(({ uniqueIdentifier }) => uniqueIdentifier === operation.id);
        assert.ok(info !== undefined);
        return info.getAction(null, null);
      };
      const honest = await told({});
      assert.deepEqual(honest.getRequester(), { id: clientId, name: "Bank", verified: true });
      assert.deepEqual(honest.getAuthorizationDetails(), details);
      assert.equal(await honest.setStatus("approve", bytes(password)), true);
      const lies: object[] = [
        { authorizationDetails: [{ ...details[0], amount: "9250.00" }] },
        { bindingMessage: "B000" },
        { parameters: { amount: "1.00", currency: "EUR", iban: "CZ2730300000001165254011", note: "Rent" } },
        { request: await sign("another", { authorization_details: details, binding_message: "A7K2" }) },
        { request: `${request.slice(0, -6)}AAAAAA` },
        { request: undefined },
      ];
      for (const lie of lies) await assert.rejects(told(lie), ServerProtocolException, JSON.stringify(lie));
    });

    it("keys are pinned at enrolment, and a CIBA request is checked with them (APV-RP-1)", async () => {
      const user = world.userOf();
      const jwk = { ...(await exportJWK(key.publicKey)), alg: "ES256", use: "sig", kid: "shop-1" };
      await world.v1("PUT", "/authorization-types/transfer", {
        template,
        parameters: { amount: "/amount", currency: "/currency", iban: "/creditor/iban", note: "/note" },
        schema: {
          type: "object",
          required: ["type", "amount", "currency", "creditor", "note", "urgent"],
          additionalProperties: false,
          properties: {
            type: { const: "transfer" },
            amount: { type: "string", maxLength: 20 },
            currency: { type: "string", maxLength: 3 },
            note: { type: "string", maxLength: 40 },
            urgent: { type: "boolean" },
            creditor: {
              type: "object",
              required: ["iban"],
              additionalProperties: false,
              properties: { iban: { type: "string", maxLength: 34 } },
            },
          },
        },
      });
      const shop = await world.v1("POST", "/oidc-clients", {
        client_name: "Signed shop",
        countersign: { applications: [application] },
        authorization_details_types: ["transfer"],
        backchannel_authentication_request_signing_alg: "ES256",
        jwks: { keys: [jwk] },
      });
      const device = await deviceOf();
      const container = await enrolled(world, device, user);
      const wanted = [
        {
          type: "transfer",
          amount: "12.50",
          currency: "EUR",
          creditor: { iban: "CZ2730300000001165254011" },
          note: "Rent",
          urgent: true,
        },
      ];
      const claims = { login_hint: user, binding_message: "A7K2", authorization_details: wanted };
      const request = await sign(shop.client_id, claims);
      const started = await fetch(`${world.url}/oidc/backchannel`, {
        method: "POST",
        headers: { authorization: `Basic ${btoa(`${shop.client_id}:${shop.client_secret}`)}` },
        body: new URLSearchParams({ request }),
      });
      assert.equal(started.status, 200, await started.clone().text());
      const [id] = await container.retrieveTransactionIds();
      const transaction = await (await device.retrieveActionInfo(bytes(id!))).getAction(null, null);
      assert.equal(transaction.getRequester()?.verified, true);
      assert.deepEqual(transaction.getAuthorizationDetails(), wanted);
      for (const text of ["Signed shop", "A7K2", "12.50", "CZ2730300000001165254011", "urgent: true"]) {
        assert.ok(transaction.toString().includes(text), text);
      }
      assert.equal(await transaction.setStatus("approve", bytes(password)), true);
    });
  });
}
