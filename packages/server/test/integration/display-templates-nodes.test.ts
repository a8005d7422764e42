/** Display templates between two nodes on one database. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { send, startBank, unique } from "../bank.ts";
import { english } from "../display-texts.ts";
import { startMobileBank } from "../mobile-bank.ts";
import { suiteOnEachStore } from "../store-suites.ts";

const base = "/api/auth/token/app/operation";

suiteOnEachStore((kind, open) => {
  describe(`Display templates between nodes on ${kind}`, () => {
    const skip = kind === "sqlite" && "SQLite has one node";

    test(
      "A template set, changed or removed on one node is what the other node's next answer shows",
      { skip },
      async () => {
        const store = await open();
        const one = await startMobileBank(store);
        const reopened = await store.reopen();
        const two = await startBank({ opened: reopened, admin: one.bank.admin });
        const operationType = `type ${unique()}`;
        const { templateName } = await one.bank.template({ operationType });
        const { id } = await one.create({ templateName });
        const title = async (url: string) => {
          const body = JSON.stringify({ requestObject: { id } });
          const headers = { ...one.device.withToken(one.token), "accept-language": "en" };
          const reply = await send(`${url}${base}/detail`, "POST", body, undefined, headers);
          return reply.body.responseObject.formData.title;
        };
        for (let round = 0; round < 5; round++) {
          const [here, there] = round % 2 === 0 ? [one.bank, two] : [two, one.bank];
          const content = { ...english, title: `round ${round}` };
          const client = one.bank.admin;
          const path = `/display-templates/${encodeURIComponent(operationType)}/en`;
          assert.equal((await here.v1("PUT", path, content, { client })).status, 200);
          assert.deepEqual([await title(there.publicUrl), await title(here.publicUrl)], [content.title, content.title]);
          assert.equal((await here.v1("DELETE", path, undefined, { client })).status, 204);
          assert.equal(await title(there.publicUrl), operationType);
        }
        await two.close();
        await one.bank.close();
      },
    );
  });
});
