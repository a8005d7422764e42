/** What an operator makes and changes in the console, by small forms: templates with their texts, applications, clients, webhooks. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { noBrowser } from "../../tools/browser.ts";
import { type ConsolePage, type ConsoleScene, openConsole, openConsoleScene, signIn, visit } from "./console-scene.ts";

describe("making and changing things in the console", { skip: noBrowser }, () => {
  let scene: ConsoleScene;
  let opened: ConsolePage;
  let page: Page;
  before(async () => {
    scene = await openConsoleScene();
    opened = await openConsole(scene, "desktop");
    ({ page } = opened);
    await signIn(page, scene.world.credentials);
  });
  after(async () => {
    await opened?.close();
    await scene?.close();
  });
  const row = (text: string) => page.getByRole("row").filter({ hasText: text });

  test("texts and rows of a template are edited and saved, a language is added, and phones get both", async () => {
    const read = (language: string) => scene.world.v1("GET", `/display-templates/payment/${language}`);
    await visit(page, "#/templates/payment", "payment");
    await page.getByRole("button", { name: "English" }).click();
    const save = page.getByRole("button", { name: "Save", exact: true });
    await page.getByText("This is what phones show.").waitFor();
    assert.equal(await save.isDisabled(), true);
    await page.getByLabel("Message").fill("Is this yours?");
    await page.getByLabel("Label of iban").fill("To account");
    await page.getByRole("button", { name: "Add a row" }).click();
    await page.getByRole("dialog").getByLabel("Label").fill("Due on");
    await page.getByRole("dialog").getByRole("textbox", { name: "Parameter" }).fill("dueDate");
    await page.getByRole("dialog").getByRole("button", { name: "Add a row" }).click();
    await page.getByRole("region", { name: "The operation, in en" }).getByText("Due on").waitFor();
    await page.getByRole("button", { name: "Leave out note" }).click();
    await save.click();
    await page.getByText("This is what phones show.").waitFor();
    const saved = await read("en");
    assert.equal(saved.message, "Is this yours?");
    assert.deepEqual(
      saved.attributes.map(({ id, text }: { id: string; text: string }) => [id, text]),
      [
        ["amount", "Amount"],
        ["iban", "To account"],
        ["dueDate", "Due on"],
      ],
    );
    assert.equal(saved.ui.preApprovalScreen.type, "WARNING", "what the page does not show stays");
    await page.getByRole("button", { name: "New language" }).click();
    await page.getByRole("dialog").getByLabel("Language").fill("German");
    await page.getByRole("dialog").getByRole("button", { name: "New language" }).click();
    await page.getByRole("dialog").getByRole("alert").last().waitFor();
    await page.getByRole("dialog").getByLabel("Language").fill("de");
    await page.getByRole("dialog").getByRole("button", { name: "New language" }).click();
    await page.getByRole("button", { name: "German", pressed: true }).waitFor();
    assert.ok((await read("de")).attributes.length > 0);
  });

  test("a template, an application, a version, an API client and a webhook are made; their secrets are shown once", async () => {
    const make = async (action: string, texts: Readonly<Record<string, string>>) => {
      await page.getByRole("button", { name: action, exact: true }).click();
      const sheet = page.getByRole("dialog");
      for (const [label, text] of Object.entries(texts)) await sheet.getByLabel(label, { exact: true }).fill(text);
      await sheet.getByRole("button", { name: action, exact: true }).click();
    };
    const once = async (name: string) => {
      const sheet = page.getByRole("dialog");
      await sheet.getByText("Keep this: it is shown once.").waitFor();
      const text = await sheet.locator("div", { hasText: name }).locator("dd").last().textContent();
      await sheet.getByRole("button", { name: "Done" }).click();
      return text ?? "";
    };
    await visit(page, "#/templates", "Templates");
    await make("New template", { Name: "limit", Type: "change-limit", "Signed data": "A1*N${limit}" });
    await page.getByRole("heading", { level: 1, name: "limit" }).waitFor();
    await make("New language", { Language: "en" });
    await page.getByRole("region", { name: "The operation, in en" }).getByText("Change limit").waitFor();
    await make("Change", { Tries: "0" });
    await page
      .getByRole("dialog")
      .getByText(/The request is not valid/)
      .waitFor();
    await page.keyboard.press("Escape");
    await make("Change", { Tries: "3" });
    await page.getByText("3", { exact: true }).waitFor();
    assert.equal((await scene.world.v1("GET", "/templates/limit")).maxFailureCount, 3);
    await page.getByRole("button", { name: "Remove" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await page.getByRole("heading", { level: 1, name: "Templates" }).waitFor();

    await visit(page, "#/applications", "Applications");
    await make("New API client", { Name: "night shift" });
    const secret = await once("Secret");
    assert.match(secret, /^[\w-]{43}$/);
    await row("night shift").waitFor();
    assert.equal(await page.getByText(secret).count(), 0);
    await row("night shift").getByRole("button", { name: "Remove" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await row("night shift").waitFor({ state: "detached" });
    await make("New application", { Id: "second bank" });
    await page.getByRole("heading", { level: 1, name: "second bank" }).waitFor();
    await make("New version", { Name: "2.0" });
    await row("2.0").waitFor();
    await visit(page, "#/webhooks", "Webhooks");
    await make("New webhook", { Application: "bank", Name: "ledger", Address: "http://127.0.0.1:9/events" });
    assert.match(await once("Signing secret"), /\S{20,}/);
    await row("ledger").waitFor();
  });

  test("the browser had nothing to complain of", () => {
    assert.deepEqual(opened.complaints, []);
  });
});
