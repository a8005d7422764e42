/** `authorization_details` (RFC 9396) over HTTP: types are described, requests held against them, devices show them. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { decodeJwt } from "jose";
import { type ApproveDevice, enrolDevice } from "../../../../tools/approve-device.ts";
import { type Json, unique } from "../bank.ts";
import { type OidcBank, type OidcClient, startOidcBank } from "../oidc-bank.ts";
import { body, problem } from "../problems.ts";
import { suiteOnEachStore } from "../store-suites.ts";

const schemaOf = (type: string, more: object = {}) => ({
  type: "object",
  properties: {
    type: { const: type },
    instructedAmount: {
      type: "object",
      properties: { amount: { type: "string" }, currency: { enum: ["EUR", "CZK"] } },
      required: ["amount", "currency"],
      additionalProperties: false,
    },
    creditor: { type: "string", maxLength: 70 },
    ...more,
  },
  required: ["type", "instructedAmount", "creditor"],
  additionalProperties: false,
});
const pointers = { amount: "/instructedAmount/amount", currency: "/instructedAmount/currency", note: "/creditor" };

suiteOnEachStore((_dialect, open) => {
  describe("authorization details", () => {
    let oidc: OidcBank;
    let close = async () => {};
    let type: string;
    let client: OidcClient;

    before(async () => {
      const opened = await open();
      oidc = await startOidcBank(opened);
      close = async () => {
        await oidc.close();
        await opened.close();
      };
      type = await typeOf();
      client = await oidc.client({ authorization_details_types: [type] });
      const display = {
        title: "Transfer",
        message: "",
        attributes: [
          { id: "amount", type: "AMOUNT", text: "Amount", params: { amount: "amount", currency: "currency" } },
          { id: "to", type: "KEY_VALUE", text: "To", params: { value: "note" } },
        ],
      };
      body(await oidc.bank.v1("PUT", "/display-templates/authorize_payment/en", display));
    });
    after(() => close());

    const put = (name: string, sent: object) => oidc.bank.v1("PUT", `/authorization-types/${name}`, sent);
    async function typeOf(amount: object = { type: "string", maxLength: 20 }, more: object = {}): Promise<string> {
      const name = `transfer_${unique()}`;
      const schema = schemaOf(name, more);
      Object.assign(schema.properties.instructedAmount.properties, { amount });
      body(await put(name, { template: oidc.payment, schema, parameters: pointers }));
      return name;
    }
    const details = (more: Json = {}, amount: Json = "1250.00") => [
      { type, instructedAmount: { amount, currency: "EUR" }, creditor: "Ann's Bakery", ...more },
    ];
    const ask = (user: string, asked: Json, by = client) =>
      oidc.start(by, {
        login_hint: user,
        authorization_details: typeof asked === "string" ? asked : JSON.stringify(asked),
      });
    const refused = async (user: string, asked: Json, by = client) => {
      const reply = await ask(user, asked, by);
      const said = JSON.stringify([asked, reply.body]);
      assert.deepEqual([reply.status, reply.body.error], [400, "invalid_authorization_details"], said);
      const { items } = (await oidc.bank.v1("GET", `/operations?userId=${encodeURIComponent(user)}`)).body;
      assert.deepEqual(items, [], "nobody was asked");
      return reply.body.error_description as string;
    };
    async function container(user: string): Promise<ApproveDevice> {
      const deviceType = `phone-${unique()}`;
      body(await oidc.bank.v1("PUT", `/device-types/${deviceType}`, { applicationId: oidc.app.applicationId }));
      const { offer } = body(await oidc.bank.v1("POST", "/offers", { userId: user, deviceType }), 201);
      return enrolDevice({ url: new URL(oidc.issuer).origin, offer });
    }

    it("a PowerAuth device shows what the details say and signs it; token, introspection and ID token have them (RFC 9396 §7, §9)", async () => {
      const user = oidc.user();
      const device = await oidc.device(user);
      const asked = details();
      const started = body(await ask(user, asked));
      const { token: list } = await device.createToken("possession");
      const path = "/api/auth/token/app/operation/list";
      const listed = await device.post(path, JSON.stringify({ requestObject: {} }), device.withToken(list));
      assert.equal(listed.status, 200);
      const [shown] = listed.body.responseObject;
      assert.equal(shown.data, "A1*A1250.00EUR*NAnn's Bakery");
      assert.equal(shown.formData.title, "Transfer");
      assert.match(JSON.stringify(shown.formData), /1,250\.00/);
      assert.match(JSON.stringify(shown.formData), /Ann's Bakery/);
      await oidc.approve(user, device);
      const token = body(await oidc.redeem(client, started.auth_req_id));
      assert.deepEqual(token.authorization_details, asked);
      assert.deepEqual(decodeJwt(token.id_token)["authorization_details"], asked);
      const told = body(await oidc.post("/introspect", { token: token.access_token }, client));
      assert.deepEqual([told.active, told.authorization_details], [true, asked]);
    });

    it("an Approve device is stated the details themselves and the form made of them, and shows both alike", async () => {
      const user = oidc.user();
      const device = await container(user);
      const asked = details();
      const started = body(await ask(user, asked));
      const { id } = await oidc.pending(user);
      const { claims } = await device.fetch(id);
      assert.deepEqual(claims.authorizationDetails, asked);
      assert.deepEqual(claims.must, ["bindingMessage", "authorizationDetails"]);
      assert.equal(claims.client.id, client.client_id);
      assert.equal(claims.details.data, "A1*A1250.00EUR*NAnn's Bakery");
      assert.match(claims.display.text, /Amount: 1250\.00 EUR|Amount: 1250 EUR/);
      assert.match(claims.display.text, /To: Ann's Bakery/);
      assert.equal((await device.decide(id, "approve")).status, 200);
      const token = body(await oidc.redeem(client, started.auth_req_id));
      assert.deepEqual(decodeJwt(token.id_token)["authorization_details"], asked);
    });

    it("numbers reach the device digit for digit, or are refused: none is rounded on the way", async () => {
      type Case = readonly [string, string];
      const named = await typeOf({ type: "number" });
      const by = await oidc.client({ authorization_details_types: [named] });
      const text = (number: string) => JSON.stringify(details({ type: named }, "#")).replace('"#"', number);
      const exact: Case[] = [
        ["1250.50", "1250.5"],
        ["0.1", "0.1"],
        ["9007199254740991", "9007199254740991"],
        ["0.000001", "0.000001"],
      ];
      for (const [number, shown] of exact) {
        const user = oidc.user();
        await oidc.device(user);
        assert.equal((await ask(user, text(number), by)).status, 200, number);
        assert.equal((await oidc.pending(user)).data, `A1*A${shown}EUR*NAnn's Bakery`);
      }
      const user = oidc.user();
      await oidc.device(user);
      for (const number of [
        "9007199254740993",
        "12345678901234567.89",
        "0.12345678901234567891",
        "1e3",
        "1E400",
        "0.0000001",
      ]) {
        assert.match(await refused(user, text(number), by), /exact|not of type/, number);
      }
    });

    it("hidden and bidirectional characters are refused wherever they stand, names included", async () => {
      const user = oidc.user();
      await oidc.device(user);
      const free = await typeOf({ type: "string" }, { note: { type: "string", maxLength: 140 } });
      const by = await oidc.client({ authorization_details_types: [free] });
      for (const bad of ["\u202e", "\u200b", "\u2066", "\u0000", "\u0007", "\u0085", "\ufeff", "\ud800", "\u{e0041}"]) {
        await refused(user, details({ type: free, creditor: `Ann${bad}` }), by);
        await refused(user, details({ type: free, note: `not mapped${bad}` }), by);
        await refused(user, details({ type: free, [`name${bad}`]: "x" }), by);
      }
      assert.equal((await ask(user, details({ type: free, note: "fine" }), by)).status, 200);
    });

    it("what is not of its type, unknown, not allowed to the client, or said twice is refused with invalid_authorization_details (RFC 9396 §5)", async () => {
      const user = oidc.user();
      await oidc.device(user);
      const other = await typeOf();
      const cases: Json[] = [
        details({ creditor: undefined }),
        details({ creditor: 7 }),
        details({ creditor: "x".repeat(71) }),
        details({ more: "unseen" }),
        details({}, 1250),
        [{ type: "unknown" }],
        details({ type: other }),
        details({ type: undefined }),
        [...details(), ...details()],
        { type },
        "[",
        "null",
        JSON.stringify(details()).replace('"EUR"', '"EUR","amount":"1"'),
        JSON.stringify(details()).replace('"creditor":', '"creditor":"Eve","creditor":'),
        `[${JSON.stringify(details()[0])},]`,
        details({ creditor: " ".repeat(9000) }),
      ];
      for (const asked of cases) await refused(user, asked);
      await refused(user, details(), await oidc.client());
    });

    it("a type that changes counts from the next request on; one that is removed is refused, and its clients go on", async () => {
      const user = oidc.user();
      await oidc.device(user);
      const name = await typeOf();
      const by = await oidc.client({ authorization_details_types: [name] });
      const schema = schemaOf(name);
      Object.assign(schema.properties.instructedAmount.properties, { amount: { const: "1.00" } });
      body(await put(name, { template: oidc.payment, schema, parameters: pointers }));
      await refused(user, details({ type: name }), by);
      assert.equal((await ask(user, details({ type: name }, "1.00"), by)).status, 200);
      const path = `/authorization-types/${name}`;
      assert.equal((await oidc.bank.v1("DELETE", path)).status, 204);
      problem(await oidc.bank.v1("GET", path), 404, "not-found");
      problem(await oidc.bank.v1("DELETE", path), 404, "not-found");
      assert.equal((await ask(user, details({ type: name }, "1.00"), by)).body.error, "invalid_authorization_details");
      assert.equal((await oidc.start(by, { login_hint: user })).status, 200);
    });

    it("only a schema that closes every object, looks nothing up and cannot run for long is taken", async () => {
      const good = schemaOf("t");
      const withMember = (member: object) => ({ ...good, properties: { ...good.properties, more: member } });
      const deep = (levels: number): object =>
        levels === 0 ? { type: "string" } : { type: "array", items: deep(levels - 1) };
      const bad: [Json, RegExp][] = [
        [withMember({ $ref: "https://evil.example/schema" }), /^schema\.properties\.more\.\$ref - /],
        [withMember({ $ref: "#" }), /\$ref/],
        [withMember({ $dynamicRef: "#a" }), /\$dynamicRef/],
        [withMember({}), /^schema\.properties\.more - names no kind/],
        [withMember({ type: "object" }), /additionalProperties/],
        [withMember({ type: "object", additionalProperties: true }), /additionalProperties/],
        [withMember({ type: "array" }), /items/],
        [withMember({ type: "stringy" }), /^schema\.properties\.more\.type - /],
        [withMember({ type: ["string", "null"] }), /\.type - /],
        [withMember({ type: "string", minLength: -1 }), /minLength/],
        [withMember({ type: "string", pattern: "(a+)+$", maxLength: 100 }), /pattern/],
        [withMember({ type: "string", pattern: "(a|aa){2,}", maxLength: 100 }), /pattern/],
        [withMember({ type: "string", pattern: "(x)\\1", maxLength: 100 }), /pattern/],
        [withMember({ type: "string", pattern: "(", maxLength: 100 }), /pattern/],
        [withMember({ type: "string", pattern: "^a$" }), /pattern - needs a maxLength/],
        [withMember({ type: "string", format: "regex" }), /format/],
        [withMember(deep(14)), /nested too deeply/],
        [withMember(deep(40)), /nested too deeply/],
        [withMember({ enum: Array.from({ length: 257 }, (_, at) => at) }), /enum/],
        [withMember({ type: "string", description: "x".repeat(17_000) }), /longer than|no text/],
        [{ ...good, required: ["type", "instructedAmount", "creditor", "unknown"] }, /required/],
        [{ ...good, properties: { ...good.properties, type: { const: "another" } } }, /const of this name/],
        [{ ...good, required: ["creditor"] }, /const of this name/],
        [{ type: "string" }, /const of this name/],
      ];
      for (const [schema, detail] of bad) {
        const reply = await put("t", { template: oidc.payment, schema, parameters: {} });
        problem(reply, 400, "invalid-request");
        assert.match(reply.body.detail, detail, JSON.stringify(schema).slice(0, 300));
      }
      const set = { template: oidc.payment, schema: good, parameters: pointers };
      const rest: [Json, RegExp][] = [
        [{ ...set, template: "none" }, /^template - unknown$/],
        [{ ...set, parameters: { amount: "/creditor" } }, /^parameters - the template needs more$/],
        [{ ...set, parameters: { ...pointers, note: "/nobody" } }, /^parameters\.note - /],
        [{ ...set, parameters: { ...pointers, note: "/instructedAmount" } }, /^parameters\.note - /],
        [{ ...set, parameters: { ...pointers, note: "creditor" } }, /parameters/],
        [{ ...set, more: 1 }, /more|additional/],
      ];
      for (const [sent, detail] of rest) {
        const reply = await put("t", sent);
        problem(reply, 400, "invalid-request");
        assert.match(reply.body.detail, detail, JSON.stringify(sent.parameters));
      }
      const asking = (place: string) =>
        oidc.bank.template({ dataTemplate: `A1*A\${amount}\${currency}*N\${${place}}` });
      const { templateName: unknownPlace } = await asking("client");
      problem(await put("t", { ...set, template: unknownPlace }), 400, "invalid-request");
      problem(await oidc.bank.v1("GET", "/authorization-types/t"), 404, "not-found");
      const { templateName: clientPlace } = await asking("clientName");
      body(await put("t", { ...set, template: clientPlace }));
      const strange = { "');process.exit(1);('": { type: "string", maxLength: 5 } };
      const odd = { ...good, properties: { ...good.properties, ...strange } };
      body(await put("t", { ...set, schema: odd }));
    });
  });
});
