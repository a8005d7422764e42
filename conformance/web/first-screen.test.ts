/** The authenticator's first screen, while the script with the SDK and all other screens is still on its way, or lost. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Route } from "playwright-core";
import { noBrowser } from "../../tools/browser.ts";
import { connect, openPhone, openScene, type Page, pageAddress, type Scene, typePin } from "./scene.ts";

const otherScripts = /\/assets\/screens-[^/]*\.js$/;

/** Holds the scripts back until they are let go. */
async function hold(page: Page): Promise<() => Promise<void>> {
  const held: Route[] = [];
  let isOpen = false;
  await page.route(otherScripts, async (route) => {
    if (isOpen) await route.continue();
    else held.push(route);
  });
  return async () => {
    isOpen = true;
    await Promise.all(held.map((route) => route.continue()));
  };
}

describe("authenticator: the first screen", { skip: noBrowser }, () => {
  let scene: Scene;
  let known: Page;
  before(async () => {
    scene = await openScene("phone");
    known = await openPhone(scene, { serviceWorkers: "block" });
    await connect(scene, known, "anna");
  });
  after(() => scene?.close());

  test("a newcomer is welcomed before the SDK is there, and what is pressed is shown when it came", async () => {
    const page = await openPhone(scene, { serviceWorkers: "block" }, "about:blank");
    const letGo = await hold(page);
    await page.goto(pageAddress(scene));
    await page.getByRole("button", { name: "I have a code" }).click();
    await page.getByText("Loading…").waitFor();
    await letGo();
    await page.getByLabel("Activation code").waitFor();
    await page.context().close();
  });

  test("who comes back enters the PIN before the SDK is there; it is checked when it came", async () => {
    const letGo = await hold(known);
    await known.reload();
    await known.getByRole("heading", { name: "Welcome back" }).waitFor();
    await typePin(known, "9164");
    assert.equal(await known.getByRole("heading", { name: "Approvals" }).count(), 0);
    await letGo();
    await known.getByText(/wrong/i).waitFor();
    await typePin(known);
    await known.getByRole("heading", { name: "Approvals" }).waitFor();
    await known.unrouteAll();
  });

  test("when the SDK cannot be loaded the page stays locked, and says so; loaded again it works", async () => {
    await known.route(otherScripts, (route) => route.abort());
    await known.reload();
    await typePin(known);
    await known.locator('[role="alert"]', { hasText: /./ }).first().waitFor();
    await known.getByRole("heading", { name: "Welcome back" }).waitFor();
    assert.equal(await known.getByRole("heading", { name: "Approvals" }).count(), 0);
    await known.unrouteAll();
    await known.reload();
    await typePin(known);
    await known.getByRole("heading", { name: "Approvals" }).waitFor();
  });

  test("a newcomer without the SDK is told, and may try again", async () => {
    const page = await openPhone(scene, { serviceWorkers: "block" }, "about:blank");
    await page.route(otherScripts, (route) => route.abort());
    await page.goto(pageAddress(scene));
    await page.getByRole("button", { name: "I have a code" }).click();
    const retry = page.getByRole("button", { name: "Try again" });
    await retry.waitFor();
    await page.unrouteAll();
    await retry.click();
    await page.getByLabel("Activation code").waitFor();
    await page.context().close();
  });
});
