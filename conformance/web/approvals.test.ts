/** The authenticator in a real browser: connected by a typed code, it shows what waits, and decides. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { checkPage } from "./look.ts";
import {
  application,
  connect,
  describeAtBothSizes,
  invite,
  openPhone,
  openScene,
  type Page,
  pageAddress,
  pay,
  pin,
  type Scene,
  typePin,
} from "./scene.ts";

describeAtBothSizes("authenticator: approvals", (size) => {
  let scene: Scene;
  before(async () => void (scene = await openScene(size)));
  after(() => scene?.close());

  const statusOf = async (id: string) => (await scene.world.bank.getOperation(id)).status;
  const approve = async (page: Page) => {
    await page.getByRole("button", { name: "Approve" }).click();
    await typePin(page);
  };

  test("connected by a typed code and a PIN, a new operation appears by itself and is approved", async () => {
    const page = await openPhone(scene);
    await checkPage(page, "welcome");
    await connect(scene, page, "anna");
    await checkPage(page, "empty");
    const operation = await pay(scene, "anna");
    const card = page.getByRole("link", { name: /1,250/ });
    await card.waitFor();
    await checkPage(page, "list");
    await card.click();
    await checkPage(page, "detail");
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByRole("group", { name: "PIN" }).waitFor();
    await checkPage(page, "pin");
    await typePin(page);
    await page.getByRole("heading", { name: "Approved" }).waitFor();
    await checkPage(page, "approved");
    assert.equal(await statusOf(operation.id), "APPROVED");
    await page.getByRole("button", { name: "Done" }).click();
    await page.getByRole("heading", { name: "Nothing waits for you" }).waitFor();
    await page.context().close();
  });

  test("a new operation is seen within a second of its creation", async (t) => {
    const page = await openPhone(scene);
    await connect(scene, page, "adam");
    const times: number[] = [];
    for (let at = 1; at <= 3; at++) {
      await pay(scene, "adam");
      const created = performance.now();
      await page
        .getByRole("link", { name: /1,250/ })
        .nth(at - 1)
        .waitFor();
      times.push(performance.now() - created);
    }
    t.diagnostic(`seen after ${times.map((time) => Math.round(time)).join(", ")} ms`);
    // Of three times the best one: the others may have met whatever else this machine was doing.
    assert.ok(Math.min(...times) < 1000);
    await page.context().close();
  });

  test("a wrong PIN is counted and told with the tries that are left; a reason is sent with a rejection; suspicion is reported", async () => {
    const page = await openPhone(scene);
    await connect(scene, page, "boris");
    const wrong = await pay(scene, "boris");
    await page.getByRole("link", { name: /Payment/ }).click();
    await page.getByRole("button", { name: "Approve" }).click();
    await typePin(page, "9999");
    await page.getByText("This PIN is wrong. 4 tries are left.").waitFor();
    await checkPage(page, "pin-wrong");
    await page.getByRole("button", { name: "Back" }).click();
    await page.getByRole("button", { name: "Reject" }).click();
    await page.getByRole("heading", { name: "Why do you reject?" }).waitFor();
    await checkPage(page, "reject");
    await page.getByRole("button", { name: "The details are wrong" }).click();
    await page.getByRole("heading", { name: "Rejected" }).waitFor();
    assert.equal(await statusOf(wrong.id), "REJECTED");
    await page.getByRole("button", { name: "Done" }).click();

    const fraud = await pay(scene, "boris");
    await page.getByRole("link", { name: /Payment/ }).click();
    await page.getByRole("button", { name: "Reject" }).click();
    await page.getByRole("button", { name: "Report as suspicious" }).click();
    await page.getByRole("heading", { name: "Reported" }).waitFor();
    await checkPage(page, "reported");
    const reported = await scene.world.bank.getOperation(fraud.id);
    assert.equal(reported.status, "REJECTED");
    const { decisions = [] } = reported;
    assert.match(JSON.stringify(decisions), /SUSPICIOUS/);
    await page.context().close();
  });

  test("an operation that expires while it is looked at says so, and one decided elsewhere is gone", async () => {
    const page = await openPhone(scene);
    await connect(scene, page, "cyril");
    const canceled = await pay(scene, "cyril");
    await page.getByRole("link", { name: /Payment/ }).click();
    await scene.world.bank.cancelOperation(canceled.id, { reason: "test" });
    await page.getByRole("heading", { name: "No longer waiting" }).waitFor();
    await page.getByRole("button", { name: "To the approvals" }).click();
    await pay(scene, "cyril", { expiresAt: Date.now() + 2500 });
    await page.getByRole("link", { name: /Payment/ }).click();
    await page.getByRole("heading", { name: "Too late" }).waitFor();
    await checkPage(page, "expired");
    await page.context().close();
  });

  test("history by PIN, messages, another PIN, and the account removed on both sides", async () => {
    const page = await openPhone(scene);
    const { activationId } = await connect(scene, page, "dana");
    await pay(scene, "dana");
    await page.getByRole("link", { name: /Payment/ }).click();
    await approve(page);
    await page.getByRole("button", { name: "Done" }).click();

    await page.getByRole("link", { name: "History" }).click();
    await typePin(page);
    await page.getByText("€1,250.00").waitFor();
    await checkPage(page, "history");

    await scene.world.v1("POST", "/inbox/messages", {
      userId: "dana",
      applications: [application],
      texts: {
        en: {
          subject: "Your new card",
          summary: "It is on its way.",
          body: "<p>It comes on <b>Monday</b>.</p><script>alert(1)</script>",
        },
      },
      type: "html",
    });
    await page.getByRole("link", { name: /Messages/ }).click();
    await page.getByRole("link", { name: /Your new card/ }).click();
    await page.getByText("It comes on Monday.").waitFor();
    assert.equal(await page.getByText("alert").count(), 0);
    await checkPage(page, "message");
    await page.getByRole("button", { name: "Back" }).click();
    await checkPage(page, "inbox");

    await page.getByRole("link", { name: "Settings" }).click();
    await checkPage(page, "settings");
    await page.getByRole("link", { name: /Mobile Token/ }).click();
    await checkPage(page, "account");
    await page.getByRole("button", { name: "Change the PIN" }).click();
    await typePin(page);
    await page.getByRole("heading", { name: "Choose a PIN" }).waitFor();
    await typePin(page, "1111");
    await page.getByRole("heading", { name: "easy to guess" }).waitFor();
    await checkPage(page, "pin-weak");
    await page.getByRole("button", { name: "Choose another" }).click();
    await typePin(page, "9274");
    await page.getByRole("heading", { name: "Repeat the PIN" }).waitFor();
    await typePin(page, "9274");
    await page.getByText("The PIN was changed.").waitFor();

    await page.getByRole("button", { name: "Remove this account" }).click();
    await page.getByRole("button", { name: "Remove", exact: true }).click();
    await typePin(page, "9274");
    await page.getByRole("heading", { name: "Approve on this device" }).waitFor();
    const detail = await scene.world.backOffice<{ activationStatus: string }>("/rest/v3/activation/status", {
      activationId,
    });
    assert.equal(detail.activationStatus, "REMOVED");
    await page.context().close();
  });

  test("opened again it is locked; a proximity link is kept over unlocking and brought to its operation, or says why not", async () => {
    const first = await openPhone(scene);
    await connect(scene, first, "emil");
    const operation = await pay(scene, "emil", { proximityCheck: true });
    const { proximityOtp = "" } = await scene.world.bank.getOperation(operation.id);
    const page = await first.context().newPage();
    await first.close();
    await page.goto(pageAddress(scene, `#oid=${operation.id}&potp=${proximityOtp}`));
    await page.getByRole("heading", { name: "Welcome back" }).waitFor();
    // The code does not stay in the address.
    await page.waitForURL(({ hash }) => !hash.includes("potp"));
    assert.equal(await page.getByText("Payment").count(), 0, "nothing is shown before");
    await checkPage(page, "lock");
    await typePin(page, "9999");
    await page.getByText("This PIN is wrong").waitFor();
    await typePin(page);
    await page.getByRole("heading", { name: "Payment" }).waitFor();
    await approve(page);
    await page.getByRole("heading", { name: "Approved" }).waitFor();
    const { additionalData } = await scene.world.bank.getOperation(operation.id);
    assert.equal((additionalData["proximityCheck"] as { type: string }).type, "DEEPLINK");
    await page.getByRole("button", { name: "Done" }).click();

    const ofAnother = await pay(scene, "somebody-else", { proximityCheck: true });
    for (const id of [randomUUID(), ofAnother.id]) {
      await page.goto(pageAddress(scene, `#oid=${id}&potp=12345678`));
      await page.getByText("does not wait for you").waitFor();
      await checkPage(page, "link-none");
      await page.getByRole("dialog").getByRole("button", { name: "Done" }).click();
    }
    const late = await pay(scene, "emil", { proximityCheck: true, expiresAt: Date.now() + 500 });
    await scene.world.bank.waitForDecision(late.id);
    await page.goto(pageAddress(scene, `#oid=${late.id}&potp=12345678`));
    await page.getByText("The time to approve this has passed").waitFor();
    await page.context().close();
  });

  test("in Czech, from right to left, and with a keyboard alone", async () => {
    const page = await openPhone(scene, { locale: "cs-CZ" });
    await page.getByRole("button", { name: "Mám kód" }).click();
    const { activationId, activationCode } = await invite(scene, "filip");
    await page.getByLabel("Aktivační kód").fill(activationCode);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Zvolte si PIN" }).waitFor();
    await typePin(page);
    await page.getByRole("heading", { name: "Zopakujte PIN" }).waitFor();
    await typePin(page);
    await page.getByRole("heading", { name: "Už jen kousek" }).waitFor();
    await checkPage(page, "waiting-czech");
    await scene.world.backOffice("/rest/v3/activation/commit", { activationId });
    await page.getByRole("heading", { name: "Zařízení je připraveno" }).waitFor();
    await page.getByRole("button", { name: "Ke schválení" }).focus();
    await page.keyboard.press("Enter");
    const operation = await pay(scene, "filip");
    const card = page.getByRole("link", { name: /Platba/ });
    await card.waitFor();
    await page.evaluate(() => (document.documentElement.dir = "rtl"));
    await checkPage(page, "list-czech-rtl");
    await card.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Schválit" }).focus();
    await checkPage(page, "detail-czech-rtl");
    await page.keyboard.press("Enter");
    await typePin(page, pin);
    await page.getByRole("heading", { name: "Schváleno" }).waitFor();
    assert.equal(await statusOf(operation.id), "APPROVED");
    await page.context().close();
  });
});
