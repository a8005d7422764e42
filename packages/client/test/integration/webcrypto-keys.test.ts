/** Keys of DEVICE policies in a real browser: usable from each tab, readable from none (A16, Approve protocol §13). */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { bundle, noBrowser, servePage, startChromium } from "../../../../tools/browser.ts";
import type { KeyHands } from "../browser/keys-page.ts";

declare const keyHands: KeyHands;

describe("keys that WebCrypto does not give out, in Chromium", { skip: noBrowser }, () => {
  let browser: Browser;
  let site: Awaited<ReturnType<typeof servePage>>;
  let page: Page;

  const open = async () => {
    const opened = await browser.contexts()[0]!.newPage();
    await opened.goto(site.origin);
    await opened.waitForFunction(() => "keyHands" in globalThis);
    return opened;
  };

  before(async () => {
    const { code } = await bundle(join(import.meta.dirname, "../browser/keys-page.ts"), {});
    site = await servePage(code);
    browser = await startChromium();
    await browser.newContext();
    page = await open();
  });
  after(async () => {
    await browser?.close();
    await site?.close();
  });

  test("A16: DEVICE keys sign and open in another tab after a reload, cannot be exported, and are gone when the container is", async () => {
    const jwks = await page.evaluate(() => keyHands.enrol());
    const all = { tx: true, pop: true, enc: true };
    assert.deepEqual(await page.evaluate((each) => keyHands.use(each), jwks), all);
    const other = await open();
    assert.deepEqual(await other.evaluate((each) => keyHands.use(each), jwks), all);
    const found = await other.evaluate(() => keyHands.look());
    assert.deepEqual(found.map(({ name }) => name).sort(), ["ECDH", "ECDSA"]);
    assert.ok(found.every(({ exported }) => !exported));
    await other.evaluate(() => keyHands.destroy());
    assert.deepEqual(await page.evaluate(() => keyHands.look()), []);
  });
});
