/** Approve containers in the authenticator, beside a Mobile Token account of the same server. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { payment } from "../world.ts";
import { checkPage } from "./look.ts";
import {
  application,
  connect,
  describeAtBothSizes,
  openPhone,
  openScene,
  type Page,
  pay,
  type Scene,
} from "./scene.ts";

describeAtBothSizes("authenticator: Approve", (size) => {
  let scene: Scene;
  let page: Page;
  before(async () => {
    scene = await openScene(size);
    await scene.world.v1("PUT", "/device-types/phone", { applicationId: application });
    page = await openPhone(scene, {}, `${scene.world.server.publicUrl}/authenticator/`);
  });
  after(() => scene?.close());

  const ask = (userId: string, more: object = {}) =>
    scene.world.v1("POST", "/operations", { ...payment, userId, ...more }) as Promise<{ id: string }>;
  const statusOf = async (id: string) => (await scene.world.bank.getOperation(id)).status;
  const password = "correct horse 42";
  const typePassword = async (text = password) => {
    await page.getByLabel("Password", { exact: true }).fill(text);
    await page.getByRole("button", { name: "Continue" }).click();
  };

  test("an offer that was pasted names its server, asks for a password, and shows the digits of both sides", async () => {
    const { offer } = (await scene.world.v1("POST", "/offers", { userId: "anna", deviceType: "phone" })) as {
      offer: string;
    };
    await page.getByRole("button", { name: "I have a link" }).click();
    await page.getByLabel("Link").fill("https://bank.example/nothing");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText("This is not a link for connecting a device.").waitFor();
    await page.getByLabel("Link").fill(offer);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("heading", { name: "Connect with this server?" }).waitFor();
    await checkPage(page, "confirm-server");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("heading", { name: "Choose a password" }).waitFor();
    await checkPage(page, "password");
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.getByLabel("Repeat the password").fill(password);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("heading", { name: "This device is ready" }).waitFor({ timeout: 30_000 });
    await checkPage(page, "approve-ready");
    await page.getByRole("button", { name: "To the approvals" }).click();
  });

  test("a transaction is shown as it is signed, and approved with the password", async () => {
    const operation = await ask("anna");
    await page.getByRole("link", { name: /payment|Payment/ }).click();
    await page.getByText("CZ2730300000001165254011").waitFor();
    await checkPage(page, "transaction");
    await page.getByRole("button", { name: "Approve" }).click();
    await typePassword("wrong horse 4242");
    await page.getByText("This password is wrong.").waitFor();
    await typePassword();
    await page.getByRole("heading", { name: "Approved" }).waitFor();
    assert.equal(await statusOf(operation.id), "APPROVED");
    await page.getByRole("button", { name: "Done" }).click();
  });

  test("a new transaction is seen within a second of its creation: the server tells the page", async (t) => {
    const times: number[] = [];
    for (let round = 0; round < 3; round++) {
      const { id } = await ask("anna");
      const created = performance.now();
      await page.locator(`a[href*="${id}"]`).waitFor();
      times.push(performance.now() - created);
      await scene.world.bank.cancelOperation(id);
      await page.getByRole("heading", { name: "Nothing waits for you" }).waitFor();
    }
    t.diagnostic(`seen after ${times.map((time) => Math.round(time)).join(", ")} ms`);
    assert.ok(Math.max(...times) < 1000);
  });

  test("both kinds stand side by side, each named, and are decided each in its way", async () => {
    await page.getByRole("link", { name: "Settings" }).click();
    await page.getByRole("button", { name: "Connect another account" }).click();
    await connect(scene, page, "bob");
    await pay(scene, "bob");
    await ask("anna");
    await page.getByText("2 approvals wait").waitFor();
    await checkPage(page, "two-accounts");
    await page.getByRole("link", { name: "Settings" }).click();
    await checkPage(page, "settings-two");
    assert.equal(await page.getByRole("link", { name: /Approve$|· Approve/ }).count(), 1);
    assert.equal(await page.getByRole("link", { name: /Mobile Token/ }).count(), 1);
  });

  test("number matching: the six digits of the other screen are typed, and wrong ones approve nothing", async () => {
    await scene.world.v1("POST", "/templates", {
      name: "match",
      operationType: "payment",
      dataTemplate: "A1*A${amount}${currency}*I${iban}**N${note}",
      signatureTypes: ["POSSESSION_KNOWLEDGE", "POSSESSION_BIOMETRY"],
      maxFailureCount: 5,
      expirationSeconds: 90,
      approval: { match: "enter" },
    });
    const enter = async (right: boolean) => {
      const { id } = await ask("anna", { template: "match" });
      const { matchNumber } = (await scene.world.v1("GET", `/operations/${id}`)) as { matchNumber: string };
      const other = matchNumber === "000000" ? "000001" : "000000";
      await page.locator(`a[href*="${id}"]`).click();
      await page.getByRole("button", { name: "Approve" }).click();
      await page.getByRole("heading", { name: "Enter the number" }).waitFor();
      await page.getByLabel("Six digits").fill(right ? matchNumber : other);
      await checkPage(page, "number");
      await page.keyboard.press("Enter");
      await typePassword();
      return id;
    };
    await page.getByRole("link", { name: "Approvals" }).click();
    const failed = await enter(false);
    await page.getByRole("heading", { name: "Not approved" }).waitFor();
    assert.equal(await statusOf(failed), "FAILED");
    await checkPage(page, "number-wrong");
    await page.getByRole("button", { name: "Done" }).click();
    const approved = await enter(true);
    await page.getByRole("heading", { name: "Approved" }).waitFor();
    assert.equal(await statusOf(approved), "APPROVED");
    await page.getByRole("button", { name: "Done" }).click();
  });

  test("a transaction that is reported is cancelled, and the person has peace from there on", async () => {
    const fraud = await ask("anna", { template: "match" });
    await page.locator(`a[href*="${fraud.id}"]`).click();
    await page.getByRole("button", { name: "Reject" }).click();
    await page.getByRole("button", { name: "Report as suspicious" }).click();
    await page.getByRole("heading", { name: "Reported" }).waitFor();
    assert.equal(await statusOf(fraud.id), "CANCELED");
    await page.getByRole("button", { name: "Done" }).click();
  });
});
