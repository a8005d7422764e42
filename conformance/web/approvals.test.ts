/** The authenticator in a real browser: connected by a typed code, it shows what waits, and decides. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { noBrowser } from "../../tools/browser.ts";
import { checkPage, connect, openPhone, openScene, pay, type Scene, typePin } from "./scene.ts";

describe("authenticator: approvals", { skip: noBrowser }, () => {
  let scene: Scene;
  before(async () => void (scene = await openScene()));
  after(() => scene?.close());

  test("connected by a typed code and a PIN, a new operation appears by itself and is approved", async () => {
    const page = await openPhone(scene);
    await checkPage(page, "welcome-phone-light");
    await connect(scene, page, "anna");
    await checkPage(page, "empty-phone-light");
    const operation = await pay(scene, "anna");
    await page.getByRole("link", { name: /1,250/ }).click();
    await checkPage(page, "detail-phone-light");
    await page.getByRole("button", { name: "Approve" }).click();
    await typePin(page);
    await page.getByRole("heading", { name: "Approved" }).waitFor();
    await checkPage(page, "approved-phone-light");
    assert.equal((await scene.world.bank.getOperation(operation.id)).status, "APPROVED");
    await page.context().close();
  });
});
