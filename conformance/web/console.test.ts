/** The operator console in a real browser, against a real server: what an operator sees and does, in both sizes and schemes. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { PowerAuthAuthentication } from "@countersign/client/mobile-token";
import type { Page } from "playwright-core";
import { noBrowser } from "../../tools/browser.ts";
import { payment, pin } from "../world.ts";
import { type ConsolePage, type ConsoleScene, openConsole, openConsoleScene, signIn, visit } from "./console-scene.ts";
import { checkPage, type Size } from "./look.ts";

describe("operator console", { skip: noBrowser }, () => {
  let scene: ConsoleScene;
  let opened: ConsolePage;
  let page: Page;
  before(async () => {
    scene = await openConsoleScene();
    opened = await openConsole(scene, "desktop");
    ({ page } = opened);
  });
  after(async () => {
    await opened?.close();
    await scene?.close();
  });
  const row = (text: string | RegExp) => page.getByRole("row").filter({ hasText: text });
  const asked = async (action: string, answer: () => Promise<void> = async () => {}) => {
    await page.getByRole("button", { name: action, exact: true }).first().click();
    const sheet = page.getByRole("dialog");
    await sheet.waitFor();
    await answer();
    await sheet.getByRole("button", { name: action, exact: true }).click();
    await sheet.waitFor({ state: "detached" });
  };

  test("wrong credentials are refused in the page, without the browser's own question; right ones open it", async () => {
    await page.getByLabel("API client").fill("nobody");
    await page.getByLabel("Secret").fill("wrong");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").filter({ hasText: "You are not signed in." }).waitFor();
    assert.equal(await page.getByLabel("Secret").inputValue(), "");
    await signIn(page, scene.world.credentials);
    assert.equal(await page.evaluate("document.cookie"), "", "the session is out of reach of scripts");
    await page.getByText("Live", { exact: true }).waitFor();
    await page.reload();
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  });

  test("the overview counts what became of operations, draws it, and has the numbers as a table", async () => {
    await visit(page, "#/", "Overview");
    const tile = (name: string) => page.getByRole("listitem").filter({ hasText: name }).locator(".tile-value");
    assert.equal(await tile("Created").textContent(), "6");
    assert.equal(await tile("Approved").first().textContent(), "1");
    assert.equal(await tile("Failed tries").textContent(), "1");
    await page.getByRole("img", { name: /what became of them/ }).waitFor();
    await page.getByText("Numbers", { exact: true }).click();
    await page.getByRole("columnheader", { name: "Approved" }).waitFor();
    await page.getByRole("button", { name: "Week" }).click();
    await page.getByRole("button", { name: "Week", pressed: true }).waitFor();
    await page.waitForURL(/range=week/);
  });

  test("a new operation appears in the list within a second, and its state changes under the operator's eyes (B04)", async () => {
    await visit(page, "#/operations?status=PENDING", "Operations");
    await page.getByText("Live", { exact: true }).waitFor();
    const started = performance.now();
    const { id } = await scene.world.bank.createOperation({ ...payment, userId: "anna", externalId: "live-1" });
    const link = page.locator(`a[href="#/operations/${id}"]`);
    await link.waitFor();
    const took = performance.now() - started;
    assert.ok(took < 1000, `${Math.round(took)} ms`);
    await link.click();
    await page.getByRole("heading", { level: 1, name: "Payment" }).waitFor();
    await page.locator(".page-head").getByText("Pending").waitFor();
    const { operations } = scene.devices.anna.createMobileToken();
    await operations.authorize(await operations.getDetail(id), PowerAuthAuthentication.password(pin));
    await page.locator(".page-head").getByText("Approved").waitFor();
    const timeline = page.locator(".timeline-item");
    assert.deepEqual(await timeline.locator("strong").allTextContents(), ["Operation created", "Operation approved"]);
    await timeline.nth(1).getByText("possession + knowledge").waitFor();
  });

  test("an operation has its whole timeline, and a pending one can be cancelled", async () => {
    await visit(page, `#/operations/${scene.approved.id}`, "Payment");
    assert.deepEqual(await page.locator(".timeline-item strong").allTextContents(), [
      "Operation created",
      "Operation attempt failed",
      "Operation approved",
    ]);
    await visit(page, `#/operations/${scene.pending.id}`, "Payment");
    await page.getByText("invoice-2026-120").waitFor();
    await asked("Cancel operation");
    await page.locator(".page-head").getByText("Canceled").waitFor();
    assert.equal((await scene.world.bank.getOperation(scene.pending.id)).status, "CANCELED");
  });

  test("operations are filtered and searched; what is searched by id, user or external id is found", async () => {
    await visit(page, "#/operations", "Operations");
    await page.getByLabel("Status").selectOption("CANCELED");
    await row("bert").waitFor();
    await page.locator(".status", { hasText: "Approved" }).first().waitFor({ state: "detached" });
    await page.getByRole("searchbox", { name: "External id", exact: true }).fill("invoice-2026-118");
    await page.getByText("No operation is like this.").waitFor();
    const search = page.getByRole("searchbox", { name: "Search by id, user or external id" });
    for (const [text, kind] of [
      [scene.approved.id, "Operation"],
      ["invoice-2026-118", "Operation"],
      [scene.container, "Container"],
      ["bert", "User"],
    ] as const) {
      await search.fill(text);
      await search.press("Enter");
      await page.getByRole("heading", { level: 1, name: text }).waitFor();
      await page.locator(".hits").getByText(kind, { exact: true }).first().waitFor();
    }
  });

  test("an activation is found by its user, blocked with a reason, unblocked, and removed", async () => {
    await visit(page, "#/users", "Users");
    await page.getByRole("link", { name: "bert" }).click();
    await page.getByRole("heading", { level: 1, name: "bert" }).waitFor();
    await page.getByRole("group", { name: "Activations" }).getByRole("link", { name: /phone/ }).click();
    await page.getByRole("button", { name: "Block" }).waitFor();
    const id = page.url().split("/").at(-1);
    await asked("Block", () => page.getByRole("textbox", { name: "Reason" }).fill("LOST_PHONE"));
    await page.locator(".page-head").getByText("Blocked").waitFor();
    await page.getByText("Lost phone").waitFor();
    assert.equal((await scene.world.v1("GET", `/activations/${id}`)).blockedReason, "LOST_PHONE");
    await asked("Unblock");
    await page.locator(".page-head").getByText("Active").waitFor();
    await asked("Remove");
    await page.getByRole("heading", { level: 1, name: "bert" }).waitFor();
    assert.equal((await scene.world.v1("GET", `/activations/${id}`)).status, "REMOVED");
  });

  test("a container shows its keys, is blocked and unblocked", async () => {
    await visit(page, "#/containers", "Containers");
    await row("clara").getByRole("link").first().click();
    await page.getByRole("group", { name: "Keys" }).getByText("pop", { exact: true }).waitFor();
    await asked("Block");
    await page.locator(".page-head").getByText("Blocked").waitFor();
    await asked("Unblock");
    await page.locator(".page-head").getByText("Active").waitFor();
  });

  test("a template is seen as the phone shows it, in each language, with a draft's texts and other values", async () => {
    await visit(page, "#/templates/payment", "payment");
    const screen = page.getByRole("region", { name: "The operation, in cs" });
    await screen.getByText("1 250,00 €".replaceAll(" ", "\u00a0")).waitFor();
    await page.getByRole("region", { name: "Before the approval, in cs" }).getByText("Hang up").waitFor();
    await page.getByRole("button", { name: "English" }).click();
    const english = page.getByRole("region", { name: "The operation, in en" });
    await english.getByText(/1,250\.00/).waitFor();
    await page.getByLabel("Title").fill("Pay ${note} now");
    await page.getByLabel("Note", { exact: true }).fill("the rent");
    await english.getByRole("heading", { name: "Pay the rent now" }).waitFor();
    await page.getByLabel("Title").fill("Pay ${note");
    await page.getByText(/a place is not of the form/).waitFor();
    const saved = await scene.world.v1("GET", "/display-templates/payment/en");
    assert.equal(saved.title, "Payment to ${iban}", "a draft is saved nowhere");
  });

  test("dead letters of a callback are shown with their reason, one is sent again, then all", async () => {
    await visit(page, "#/webhooks", "Webhooks");
    await page.getByRole("link", { name: /core banking/ }).click();
    await row("Unreachable").first().waitFor();
    await asked("Send again");
    await page.getByText("1 delivery is sent again.").waitFor();
    await asked("Send all dead letters again");
    await page.getByText(/\d+ deliveries are sent again\./).waitFor();
  });

  test("the audit says of each entry whether it is intact and signed for, and is filtered by what it is about", async () => {
    await visit(page, `#/audit?subject=${scene.approved.id}`, "Audit");
    await page.getByText("What is shown here is as it was recorded.").waitFor();
    assert.equal(await page.locator(".status", { hasText: "Intact" }).count(), 3);
    await row("Operation approved").getByText("Show").click();
    await row("Operation approved")
      .getByText(/"possession_knowledge"/)
      .waitFor();
    await page.getByLabel("Event").fill("operation.approved");
    await page.locator(".status", { hasText: "Intact" }).nth(1).waitFor({ state: "detached" });
  });

  test("a list is exported as it is filtered, as JSON and as CSV that runs nothing in a spreadsheet", async () => {
    const parameters = { ...payment.parameters, note: '=HYPERLINK("http://evil.example")' };
    await scene.world.bank.createOperation({ ...payment, userId: "+eva", parameters });
    await visit(page, "#/operations?userId=%2Beva", "Operations");
    await row("+eva").waitFor();
    const files: string[] = [];
    for (const kind of ["JSON", "CSV"]) {
      const download = page.waitForEvent("download");
      await page.getByRole("button", { name: `${kind} export` }).click();
      const file = await download;
      assert.equal(file.suggestedFilename(), `operations.${kind.toLowerCase()}`);
      files.push(readFileSync(await file.path(), "utf8"));
    }
    const items = JSON.parse(files[0]!);
    assert.deepEqual([items.length, items[0].userId], [1, "+eva"]);
    assert.match(files[1]!, /,'\+eva,/);
  });

  test("applications and API clients are listed; a version is no longer supported, and is again", async () => {
    await visit(page, "#/applications", "Applications");
    await page.getByText("call centre").waitFor();
    await page.getByRole("link", { name: "bank" }).click();
    await page.getByText("Master public key").waitFor();
    await asked("Stop supporting");
    await page.locator(".status", { hasText: "Unsupported" }).waitFor();
    await asked("Support again");
    await page.locator(".status", { hasText: "Active" }).waitFor();
  });

  test("everything is reached with the keyboard: skip link, navigation, a question, and back where one was", async () => {
    await visit(page, "#/applications/bank", "bank");
    assert.equal(await page.evaluate("document.querySelector('a, button, input').className"), "skip");
    await page.locator(".skip").focus();
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate("document.activeElement.id"), "content");
    const stop = page.getByRole("button", { name: "Stop supporting" });
    await stop.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    assert.equal(await focused(page), "Stop supporting");
    await visit(page, "#/audit", "Audit");
    assert.equal(await focused(page), "Audit", "a screen reader says the page one came to");
  });

  test("who may only read sees no more than that; a session that is over leads to the sign-in", async () => {
    const { world } = scene;
    const client = await world.v1("POST", "/api-clients", { name: "auditor", permissions: ["operate"] });
    const second = await openConsole(scene, "desktop");
    await signIn(second.page, client);
    assert.equal(await second.page.getByRole("link", { name: "Templates" }).count(), 0);
    await visit(second.page, "#/applications", "Applications");
    assert.equal(await second.page.getByText("API clients").count(), 0);
    const { items } = await world.v1("GET", "/operations?status=PENDING");
    await visit(second.page, `#/operations/${items[0].id}`, "Payment");
    assert.equal(await second.page.getByRole("button", { name: "Cancel operation" }).count(), 0);
    await world.v1("DELETE", `/api-clients/${client.clientId}`);
    await second.page.getByLabel("API client").waitFor();
    assert.deepEqual(second.complaints, []);
    await second.close();
  });

  for (const size of ["desktop", "phone"] as const) {
    test(`every page is accessible and fits in both colour schemes, ${size}`, () => everyPage(size));
  }

  async function everyPage(size: Size): Promise<void> {
    const { page: fresh, complaints, close } = await openConsole(scene, size);
    const look = (name: string) => checkPage(fresh, `console-${name}`);
    const over = async (name: string, button: string) => {
      await fresh.getByRole("button", { name: button, exact: true }).first().click();
      await fresh.getByRole("dialog").waitFor();
      await look(name);
      await fresh.keyboard.press("Escape");
      await fresh.getByRole("dialog").waitFor({ state: "detached" });
    };
    await fresh.getByLabel("Secret").waitFor();
    await look("sign-in");
    await signIn(fresh, scene.world.credentials);
    await fresh.locator(".chart").waitFor();
    await look("overview");
    const pages = [
      ["operations", "#/operations", "Operations"],
      ["operation", `#/operations/${scene.approved.id}`, "Payment"],
      ["users", "#/users", "Users"],
      ["user", "#/users/anna", "anna"],
      ["activations", "#/devices", "Activations"],
      ["activation", `#/devices/${scene.activation}`, /./],
      ["containers", "#/containers", "Containers"],
      ["container", `#/containers/${scene.container}`, /./],
      ["templates", "#/templates", "Templates"],
      ["template", "#/templates/payment", "payment"],
      ["webhooks", "#/webhooks", "Webhooks"],
      ["deliveries", `#/callbacks/${scene.callbackId}`, "core banking"],
      ["audit", "#/audit", "Audit"],
      ["applications", "#/applications", "Applications"],
      ["application", "#/applications/bank", "bank"],
      ["search", "#/search?q=anna", /anna/],
      ["search-empty", "#/search?q=nobody-at-all", /nobody/],
      ["nowhere", "#/nowhere", "Nothing here"],
    ] as const;
    for (const [name, address, heading] of pages) {
      await visit(fresh, address, heading);
      await look(name);
      if (name === "activation") await over("question", "Block");
      if (name === "template") await over("change-template", "Change");
      if (name === "applications") await over("new-client", "New API client");
    }
    if (size === "phone") {
      const menu = fresh.getByRole("button", { name: "Navigation" });
      await menu.click();
      await fresh.getByRole("link", { name: "Users" }).waitFor();
      await look("navigation");
      await fresh.getByRole("link", { name: "Users" }).click();
      await fresh.getByRole("heading", { level: 1, name: "Users" }).waitFor();
      await fresh.getByRole("button", { name: "Navigation", expanded: false }).waitFor();
    }
    assert.deepEqual(complaints, []);
    await close();
  }

  test("signing out ends the session on the server", async () => {
    const [cookie] = await page.context().cookies();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("API client").waitFor();
    const headers = { cookie: `${cookie?.name}=${cookie?.value}` };
    const answer = await fetch(`${scene.world.server.privateUrl}/v1/operations`, { headers });
    assert.equal(answer.status, 401);
    assert.deepEqual(opened.complaints, []);
  });
});

function focused(page: Page): Promise<unknown> {
  return page.evaluate("document.activeElement.textContent.trim()");
}
