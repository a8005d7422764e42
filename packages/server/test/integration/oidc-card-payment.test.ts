/** What the conformance suite asks of a card payment (ConnectID's 3DS details): each member, and the wrong forms of each. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { decodeJwt } from "jose";
import { body } from "../problems.ts";
import { type Json, unique } from "../bank.ts";
import { type OidcBank, type OidcClient, startOidcBank } from "../oidc-bank.ts";
import { suiteOnEachStore } from "../store-suites.ts";

const text = { type: "string", minLength: 1, maxLength: 70 };
const schemaOf = (type: string) => ({
  type: "object",
  properties: {
    type: { const: type },
    amount: { type: "string", pattern: "^[0-9]{1,9}\\.[0-9]{2}$", maxLength: 12 },
    currency: { type: "string", pattern: "^[A-Z]{3}$", maxLength: 3 },
    source_account: { type: "string", pattern: "^[A-Z0-9]{8,34}$", maxLength: 34 },
    beneficiary_name: text,
    payment_desc: text,
  },
  required: ["type", "amount", "currency", "source_account", "beneficiary_name", "payment_desc"],
  additionalProperties: false,
});

suiteOnEachStore((_dialect, open) => {
  describe("card payments by CIBA", () => {
    let oidc: OidcBank;
    let client: OidcClient;
    let type: string;
    let close = async () => {};

    before(async () => {
      const opened = await open();
      oidc = await startOidcBank(opened);
      close = async () => {
        await oidc.close();
        await opened.close();
      };
      type = `card_payment_${unique()}`;
      const parameters = { amount: "/amount", currency: "/currency", note: "/beneficiary_name" };
      const described = { template: oidc.payment, schema: schemaOf(type), parameters };
      body(await oidc.bank.v1("PUT", `/authorization-types/${type}`, described));
      client = await oidc.client({ authorization_details_types: [type] });
    });
    after(() => close());

    const payment = (more: Json = {}): Json => ({
      type,
      amount: "19.90",
      currency: "EUR",
      source_account: "CZ6508000000192000145399",
      beneficiary_name: "Juniper Goods",
      payment_desc: "Stoneware mug",
      ...more,
    });
    const start = (user: string, details: Json) =>
      oidc.start(client, { login_hint: user, authorization_details: JSON.stringify([details]) });

    it("each member missing, malformed or of another type fails, and asks nobody", async () => {
      const user = oidc.user();
      await oidc.device(user);
      const { amount: _, ...first } = payment();
      const wrong: Json[] = [first];
      for (const member of ["currency", "source_account", "beneficiary_name", "payment_desc"]) {
        const one = payment();
        delete one[member];
        wrong.push(one, payment({ [member]: "" }), payment({ [member]: 7 }), payment({ [member]: null }));
      }
      for (const amount of ["19,90", "19.9", "-19.90", "1e3", "", 19.9]) wrong.push(payment({ amount }));
      wrong.push(payment({ currency: "eur" }), payment({ source_account: "CZ65 0800" }), payment({ more: "x" }));
      wrong.push(payment({ type: "another" }), payment({ payment_desc: "a\u202eb" }));
      for (const details of wrong) {
        const { status, body: answer } = await start(user, details);
        assert.deepEqual([status, answer.error], [400, "invalid_authorization_details"], JSON.stringify(details));
      }
      const { items } = (await oidc.bank.v1("GET", `/operations?userId=${encodeURIComponent(user)}`)).body;
      assert.deepEqual(items, []);
    });

    it("the right one is shown whole, and its ID token has txn and the details", async () => {
      const user = oidc.user();
      const device = await oidc.device(user);
      const started = await start(user, payment());
      assert.equal(started.status, 200, JSON.stringify(started.body));
      const { parameters } = await oidc.pending(user);
      assert.equal(parameters["/payment_desc"], "Stoneware mug", "also what the template has no place for");
      const id = await oidc.approve(user, device);
      const redeemed = await oidc.redeem(client, started.body.auth_req_id);
      assert.equal(redeemed.status, 200, JSON.stringify(redeemed.body));
      const claims = decodeJwt(redeemed.body.id_token);
      assert.deepEqual([claims["txn"], claims["authorization_details"]], [id, [payment()]]);
    });
  });
});
