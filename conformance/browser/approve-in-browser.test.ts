/** The Approve SDK in a real browser, against a running server of another origin: containers outlive the page. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, BrowserContext } from "playwright-core";
import { type ApproveWorld, openApproveWorld } from "../approve/approve-world.ts";
import { bundle, noBrowser, servePage, startChromium } from "../../tools/browser.ts";
import type { ApproveHands } from "./approve-page.ts";

declare const approveHands: ApproveHands;

describe("the Approve SDK in Chromium", { skip: noBrowser }, () => {
  let browser: Browser;
  let context: BrowserContext;
  let pages: Awaited<ReturnType<typeof servePage>>;
  let world: ApproveWorld;

  before(async () => {
    const { code } = await bundle(join(import.meta.dirname, "approve-page.ts"));
    pages = await servePage(code);
    world = await openApproveWorld({ name: "sqlite", drop: async () => undefined }, { allowedOrigins: [pages.origin] });
    browser = await startChromium();
    context = await browser.newContext();
  });
  after(async () => {
    await browser?.close();
    await world?.close();
    await pages?.close();
  });

  const tab = async () => {
    const page = await context.newPage();
    await page.goto(pages.origin);
    await page.waitForFunction(() => "approveHands" in globalThis);
    return page;
  };

  test("registers, answers after a reload and in another tab, and removes: IndexedDB, WebCrypto keys, another origin", async () => {
    const page = await tab();
    const { offer } = await world.offer("anna");
    assert.equal(await page.evaluate((text) => approveHands.enrol(text), offer), "anna");
    const first = await world.operation("anna");
    await page.reload();
    await page.waitForFunction(() => "approveHands" in globalThis);
    assert.ok((await page.evaluate(() => approveHands.answer("approve"))).includes("Rent"));
    assert.equal(await world.statusOf(first), "APPROVED");
    await page.close();
    const second = await world.operation("anna");
    const other = await tab();
    await other.evaluate(() => approveHands.answer("decline"));
    assert.equal(await world.statusOf(second), "REJECTED");
    assert.equal(await other.evaluate(() => approveHands.remove()), 0);
  });
});
