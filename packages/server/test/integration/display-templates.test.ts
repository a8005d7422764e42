/** What devices are shown: templates by type and language, over HTTP, and what no template or parameter can do. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { canonicalDisplay } from "@countersign/protocol/operation/display";
import { type Json, payment, send, unique } from "../bank.ts";
import type { Answer } from "../device.ts";
import { czech, english } from "../display-texts.ts";
import { accepted, type MobileBank, startMobileBank } from "../mobile-bank.ts";
import { problem } from "../problems.ts";
import { suiteOnEachStore } from "../store-suites.ts";

const base = "/api/auth/token/app/operation";

suiteOnEachStore((kind, open) => {
  describe(`Display templates on ${kind}`, () => {
    let bank: MobileBank["bank"];
    let its: MobileBank;
    before(async () => {
      its = await startMobileBank(await open());
      ({ bank } = its);
    });
    after(() => bank.close());

    const path = (type: string, language: string) => `/display-templates/${encodeURIComponent(type)}/${language}`;
    const put = (type: string, language: string, content: unknown = english, client = bank.admin) =>
      bank.v1("PUT", path(type, language), content, { client });
    const set = async (type: string, language: string, content: unknown = english) => {
      const reply = await put(type, language, content);
      assert.equal(reply.status, 200, JSON.stringify(reply.body));
      return reply.body;
    };
    /** An operation of a type of its own. */
    const operation = async (more: object = {}, template: object = {}) => {
      const operationType = `type ${unique()}`;
      const { templateName } = await bank.template({ operationType, ...template });
      const { id, data } = await its.create({ templateName, ...more });
      return { id, data, operationType, templateName };
    };
    const ask = (where: string, requestObject: object, language?: string): Promise<Answer> =>
      its.device.post(base + where, JSON.stringify({ requestObject }), {
        ...its.device.withToken(its.token),
        ...(language !== undefined && { "accept-language": language }),
      });
    const detail = async (id: string, language?: string): Promise<Json> => {
      const answer = await ask("/detail", { id }, language);
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      return answer.body.responseObject;
    };

    test("Set, read, list, set again and remove; each change is audited with who made it", async () => {
      const type = `Ordre à l'étranger/${unique()}`;
      const made = await set(type, "en");
      const { updatedAt, ...rest } = made;
      assert.deepEqual(rest, { operationType: type, language: "en", ...english });
      assert.match(updatedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.deepEqual((await bank.v1("GET", path(type, "en"))).body, made);
      await set(type, "cs", czech);
      const { resultTexts: _, ...less } = english;
      assert.equal((await set(type, "en", { ...less, title: "T" })).title, "T");
      assert.equal("resultTexts" in (await bank.v1("GET", path(type, "en"))).body, false);
      const list = await bank.v1("GET", `/display-templates?operationType=${encodeURIComponent(type)}`);
      assert.deepEqual(
        list.body.items.map(({ language, title }: Json) => [language, title]),
        [
          ["cs", "Platba"],
          ["en", "T"],
        ],
      );
      const all = await bank.v1("GET", "/display-templates");
      assert.ok(all.body.items.length >= 2);
      assert.equal((await bank.v1("DELETE", path(type, "cs"))).status, 204);
      problem(await bank.v1("DELETE", path(type, "cs")), 404, "template-not-found");
      problem(await bank.v1("GET", path(type, "cs")), 404, "template-not-found");
      const events = await bank.store.read
        .selectFrom("audit_event")
        .select(["type", "payload"])
        .where("subject", "in", [`${type}/en`, `${type}/cs`])
        .orderBy("at")
        .orderBy("seq")
        .execute();
      assert.deepEqual(
        events.map((event) => event.type),
        ["display-template.set", "display-template.set", "display-template.set", "display-template.removed"],
      );
      for (const { payload } of events) assert.equal(JSON.parse(payload!).data.clientId, bank.admin.clientId);
    });

    test("List, detail, claim and history show the template's words in the language of the request (M04)", async () => {
      const { id, operationType } = await operation();
      await set(operationType, "en");
      await set(operationType, "cs", czech);
      const shown = await detail(id, "en");
      assert.deepEqual(shown.formData, {
        title: "Payment to somebody",
        message: "Please pay rent.",
        resultTexts: { success: "Paid", failure: "Not paid", reject: "Refused rent" },
        attributes: [
          {
            type: "AMOUNT",
            id: "amount",
            label: "Amount",
            amount: 100,
            currency: "CZK",
            amountFormatted: "100.00",
            currencyFormatted: "CZK",
            valueFormatted: "CZK\u00a0100.00",
          },
          { type: "NOTE", id: "note", label: "Note", note: "rent" },
          { type: "KEY_VALUE", id: "new", label: "Currency", value: "CZK" },
        ],
      });
      const cs = await detail(id, "cs-CZ,cs;q=0.9,en;q=0.8");
      assert.equal(cs.formData.message, "Prosím zaplaťte rent.");
      assert.equal(cs.formData.attributes[0].valueFormatted, "100,00\u00a0Kč");
      const inList = (await ask("/list", {}, "CS")).body.responseObject.find((one: Json) => one.id === id);
      assert.deepEqual(inList, cs);
      assert.deepEqual((await ask("/detail/claim", { id }, "cs")).body.responseObject, cs);
      const headers = its.device.sign({ uriId: "/operation/history", body: "{}" });
      const history = await its.device.post(`${base}/history`, "{}", { ...headers, "accept-language": "cs" });
      const old = history.body.responseObject.find((one: Json) => one.id === id);
      assert.deepEqual(old.formData, cs.formData);
    });

    test("A language without a template gets English, then the first there is, then the plain form: never nothing (§1.2)", async () => {
      const { id, operationType } = await operation();
      const title = async (language?: string) => (await detail(id, language)).formData.title;
      assert.equal(await title("cs"), operationType);
      await set(operationType, "sk", { ...english, title: "slovensky" });
      await set(operationType, "de", { ...english, title: "deutsch" });
      assert.equal(await title("cs"), "deutsch");
      assert.equal(await title(), "deutsch");
      await set(operationType, "en");
      assert.equal(await title("cs"), "Payment to somebody");
      assert.equal(await title("sk"), "slovensky");
      for (const odd of ["*", "", "zz", "-", "a".repeat(4000), "en\u00e9", "../../x"]) {
        assert.equal(await title(odd), "Payment to somebody", odd);
      }
      for (const language of ["sk", "de", "en"]) await bank.v1("DELETE", path(operationType, language));
      assert.equal(await title("sk"), operationType);
    });

    test("The template of a type is another operation type's business: names of templates do not matter", async () => {
      const { id, templateName } = await operation();
      await set(templateName, "en");
      assert.notEqual((await detail(id, "en")).formData.title, "Payment to somebody");
    });

    test("No value of a parameter is more than text: places, quotes, JSON and names of built-in members stay what they are", async () => {
      const hostile = {
        amount: '1","currency":"USD',
        currency: "${note}",
        note: '"}],"attributes":[],"title":"Nothing to pay","x":"${amount}\\u0022',
        payee: "${payee}",
        constructor: "c",
        __proto__x: "p",
      };
      const { id, operationType } = await operation({ parameters: hostile }, { dataTemplate: "A2" });
      const screen = {
        type: "WARNING",
        heading: "${payee}",
        message: "${note} ${toString} ${__proto__} ${constructor}",
      };
      await set(operationType, "en", { ...english, ui: { preApprovalScreen: screen } });
      const { formData, ui } = await detail(id, "en");
      assert.equal(formData.title, "Payment to ${payee}");
      assert.equal(formData.message, `Please pay ${hostile.note}.`);
      assert.equal(formData.attributes.length, 3);
      assert.equal(formData.attributes[0].valueFormatted, `${hostile.amount} \${note}`);
      assert.equal(formData.attributes[0].amount, null);
      assert.deepEqual(ui, {
        preApprovalScreen: {
          type: "WARNING",
          heading: "${payee}",
          message: `${hostile.note} \${toString} \${__proto__} c`,
        },
      });
      assert.deepEqual(Object.keys(formData).sort(), ["attributes", "message", "resultTexts", "title"]);
    });

    test("A template's ui wins over the risk flags; without one they make it, and F comes with words (§1.2)", async () => {
      const { id, operationType } = await operation({}, { riskFlags: "XFC" });
      const { preApprovalScreen, ...rest } = (await detail(id)).ui;
      assert.deepEqual(rest, { flipButtons: true, blockApprovalOnCall: true });
      assert.deepEqual([preApprovalScreen.type, preApprovalScreen.approvalType], ["WARNING", "SLIDER"]);
      assert.ok(preApprovalScreen.heading.length > 0 && preApprovalScreen.message.length > 0);
      const ui = {
        flipButtons: false,
        preApprovalScreens: [
          {
            id: "look",
            type: "INFO",
            heading: "Look",
            message: "${note}",
            backButton: true,
            image: "shield",
            elements: [
              { type: "LIST_ITEM", icon: "phone", text: "Pay ${amount}?" },
              {
                id: "help",
                type: "BUTTON",
                style: "DANGER",
                text: "Help",
                action: "PHONE",
                href: "tel:+420${note:-1}",
                actionSettings: "REJECT",
              },
            ],
            controls: {
              flip: true,
              axis: "VERTICAL",
              decline: { type: "REJECT", text: "No" },
              approve: { type: "BUTTON", counter: 5 },
            },
          },
        ],
        postApprovalScreen: {
          type: "MERCHANT_REDIRECT",
          heading: "Thank you",
          message: "",
          payload: { redirectText: "Back", redirectUrl: "https://shop.example/${note}", countdown: 5 },
        },
        templates: { list: { title: "${amount}" } },
      };
      await set(operationType, "en", { ...english, ui });
      const shown = (await detail(id)).ui;
      assert.equal(shown.preApprovalScreens[0].message, "rent");
      assert.equal(shown.preApprovalScreens[0].elements[1].href, "tel:+420rent");
      assert.equal(shown.postApprovalScreen.payload.redirectUrl, "https://shop.example/rent");
      assert.deepEqual(shown.templates, ui.templates);
      assert.deepEqual(Object.keys(shown).sort(), Object.keys(ui).sort());
    });

    test("Each type of row reaches the device with its members; one without what it needs is left out", async () => {
      const parameters = {
        ...payment,
        big: "12345678901234567890.5",
        url: "https://bank.example/a.png",
        yes: "true",
        w: "ERROR",
      };
      const { id, operationType } = await operation({ parameters });
      const rows: readonly [string, Record<string, string>, Json][] = [
        [
          "AMOUNT",
          { amount: "big", currency: "currency" },
          { amount: null, currency: "CZK", amountFormatted: "12,345,678,901,234,567,890.50" },
        ],
        [
          "AMOUNT_CONVERSION",
          {
            sourceAmount: "amount",
            sourceCurrency: "currency",
            targetAmount: "big",
            targetCurrency: "currency",
            dynamic: "yes",
          },
          {
            dynamic: true,
            sourceAmount: 100,
            sourceAmountFormatted: "100.00",
            targetAmount: null,
            targetCurrency: "CZK",
          },
        ],
        ["KEY_VALUE", { value: "note" }, { value: "rent" }],
        ["NOTE", { note: "note" }, { note: "rent" }],
        ["HEADING", {}, { level: 0 }],
        ["IMAGE", { thumbnailUrl: "url" }, { thumbnailUrl: parameters.url }],
        ["ALERT", { alertType: "w", message: "note" }, { alertType: "ERROR", message: "rent" }],
        ["PARTY_INFO", { name: "note", logoUrl: "url" }, { partyInfo: { name: "rent", logoUrl: parameters.url } }],
      ];
      const attributes = rows.map(([type, params], at) => ({ id: `r${at}`, type, text: type, params }));
      const missing = { id: "missing", type: "NOTE", text: "", params: { note: "gone" } };
      await set(operationType, "en", { ...english, attributes: [...attributes, missing] });
      const shown = (await detail(id)).formData.attributes;
      assert.equal(shown.length, rows.length);
      for (const [at, [type, , expected]] of rows.entries()) {
        assert.partialDeepStrictEqual(shown[at], { type, id: `r${at}`, label: type, ...expected });
      }
    });

    test("REVIEW shows its rows after the approval, GENERIC whatever the app knows", async () => {
      const { id, operationType } = await operation();
      const row = { type: "KEY_VALUE", id: "n", label: "Note", value: "${note}" };
      const review = { type: "REVIEW", heading: "Done", message: "", payload: { attributes: [row] } };
      await set(operationType, "en", { ...english, ui: { postApprovalScreen: review } });
      assert.equal((await detail(id)).ui.postApprovalScreen.payload.attributes[0].value, "rent");
      const generic = { type: "GENERIC", heading: "", message: "", payload: { a: [1, { b: "${note}" }, null, true] } };
      await set(operationType, "en", { ...english, ui: { postApprovalScreen: generic } });
      assert.deepEqual((await detail(id)).ui.postApprovalScreen.payload, { a: [1, { b: "rent" }, null, true] });
    });

    test("A broken template is refused when it is written, with a problem that names the member; nothing is kept", async () => {
      const type = `broken ${unique()}`;
      const screen = { type: "INFO", heading: "h", message: "m" };
      const generic = { type: "GENERIC", heading: "", message: "" };
      const deep = JSON.parse(`${'{"a":'.repeat(50)}1${"}".repeat(50)}`) as object;
      const row = english.attributes[1]!;
      const wrong: readonly [unknown, RegExp][] = [
        [null, /type/],
        ["{", /^$/],
        [[], /type|required/],
        [{ ...english, title: undefined }, /required/],
        [{ ...english, title: "${" }, /^title - /],
        [{ ...english, message: "${}" }, /^message - /],
        [{ ...english, resultTexts: { success: "${a" } }, /^resultTexts/],
        [{ ...english, resultTexts: { done: "x" } }, /resultTexts/],
        [{ ...english, titel: "x" }, /additionalProperties/],
        [{ ...english, title: "a\u0000" }, /title/],
        [{ ...english, title: "x".repeat(1001) }, /title/],
        [{ ...english, attributes: {} }, /attributes/],
        [{ ...english, attributes: Array.from({ length: 101 }, () => row) }, /attributes/],
        [{ ...english, attributes: [row, row] }, /^attributes\.1\.id - repeated/],
        [{ ...english, attributes: [{ ...row, params: {} }] }, /^attributes\.0\.params - note is required/],
        [{ ...english, attributes: [{ ...row, type: "NEW", params: { note: "n" } }] }, /value is required/],
        [{ ...english, attributes: [{ ...row, params: { note: 1 } }] }, /params/],
        [{ ...english, ui: [] }, /ui/],
        [{ ...english, ui: { flip: true } }, /ui/],
        [{ ...english, ui: { flipButtons: "yes" } }, /ui/],
        [{ ...english, ui: { preApprovalScreen: { type: "WARNING" } } }, /ui/],
        [{ ...english, ui: { preApprovalScreen: { ...screen, type: "PARTY" } } }, /ui/],
        [{ ...english, ui: { preApprovalScreen: { ...screen, heading: "${" } } }, /^ui - /],
        [{ ...english, ui: { preApprovalScreens: screen } }, /ui/],
        [{ ...english, ui: { postApprovalScreen: { ...generic, type: "REDIRECT", payload: {} } } }, /ui/],
        [{ ...english, ui: { postApprovalScreen: { ...generic, type: "MERCHANT_REDIRECT", payload: {} } } }, /ui/],
        [{ ...english, ui: { postApprovalScreen: { ...generic, payload: { a: ["${"] } } } }, /^ui - /],
        [{ ...english, ui: { templates: deep } }, /^ui - nested/],
      ];
      for (const [content, detailOf] of wrong) {
        const reply = await put(type, "en", content);
        problem(reply, 400, "invalid-request");
        assert.match(reply.body.detail ?? "", detailOf, JSON.stringify(content)?.slice(0, 200));
      }
      for (const language of ["EN", "e", "engl", "en-US", "1", "%00"]) {
        problem(await put(type, language), 400, "invalid-request");
      }
      problem(await put("x".repeat(256), "en"), 400, "invalid-request");
      const list = await bank.v1("GET", `/display-templates?operationType=${encodeURIComponent(type)}`);
      assert.deepEqual(list.body.items, []);
      problem(await bank.v1("GET", "/display-templates?type=x"), 400, "invalid-request");
    });

    test("Only API clients with `integrate` may: others and strangers are refused and change nothing", async () => {
      const type = `theirs ${unique()}`;
      for (const permission of ["operate", "relying-party", "decide"]) {
        const client = await bank.client([permission]);
        problem(await put(type, "en", english, client), 403, "forbidden");
        problem(await bank.v1("DELETE", path(type, "en"), undefined, { client }), 403, "forbidden");
        problem(await bank.v1("GET", "/display-templates", undefined, { client }), 403, "forbidden");
      }
      const stranger = await send(
        `${bank.privateUrl}/v1${path(type, "en")}`,
        "PUT",
        JSON.stringify(english),
        undefined,
      );
      problem(stranger, 401, "unauthenticated");
      problem(await bank.v1("GET", path(type, "en")), 404, "template-not-found");
      const integrator = await bank.client(["integrate"]);
      assert.equal((await put(type, "en", english, integrator)).status, 200);
    });

    test("The receipt's digest is that of what this device received, in the language it was shown", async () => {
      const { id, data, operationType } = await operation({}, { riskFlags: "X" });
      await set(operationType, "cs", czech);
      await set(operationType, "en");
      const { formData, ui } = await detail(id, "cs");
      const body = JSON.stringify({ requestObject: { id, data } });
      const headers = its.device.sign({ uriId: "/operation/authorize", body });
      accepted(await its.device.post(`${base}/authorize`, body, { ...headers, "accept-language": "cs" }));
      const [decision] = (await bank.v1("GET", `/operations/${id}`)).body.decisions;
      const sha256 = createHash("sha256").update(canonicalDisplay({ formData, ui })).digest("base64url");
      assert.deepEqual(decision.shown, { sha256, language: "cs", template: operationType, by: "server" });
      // In a language without a template it is the one really shown that stands in the receipt.
      const other = await its.create({ templateName: (await bank.template({ operationType })).templateName });
      const again = JSON.stringify({ requestObject: { id: other.id, data: other.data } });
      const signed = its.device.sign({ uriId: "/operation/authorize", body: again });
      accepted(await its.device.post(`${base}/authorize`, again, { ...signed, "accept-language": "fr" }));
      const [later] = (await bank.v1("GET", `/operations/${other.id}`)).body.decisions;
      assert.equal(later.shown.language, "en");
      assert.notEqual(later.shown.sha256, sha256);
    });

    test("Two requests that set the same template at once leave one of them, whole", async () => {
      const type = `raced ${unique()}`;
      const contents = Array.from({ length: 10 }, (_, at) => ({ ...english, title: `t${at}`, message: `m${at}` }));
      const replies = await Promise.all(contents.map((content) => put(type, "en", content)));
      assert.ok(replies.every(({ status }) => status === 200));
      const { title, message } = (await bank.v1("GET", path(type, "en"))).body;
      assert.equal(title.slice(1), message.slice(1));
    });
  });
});
