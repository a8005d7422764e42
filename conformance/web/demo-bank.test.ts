/** The demo bank and the authenticator, as a newcomer plays with them: two pages of one browser, and `npm start` behind. */
import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, test } from "node:test";
import { startChromium } from "../../tools/browser.ts";
import { type CameraFile, cameraFile } from "./camera-file.ts";
import { type DemoProcess, startDemo } from "./demo-bank.ts";
import { checkPage } from "./look.ts";
import { describeAtBothSizes, openPhone, type Page, type Scene, typePin } from "./scene.ts";

describeAtBothSizes("demo bank", (size) => {
  let demo: DemoProcess;
  let camera: CameraFile;
  let browser: Scene["browser"];
  let bank: Page;
  let authenticator: Page;

  before(async () => {
    camera = cameraFile();
    demo = await startDemo();
    browser = await startChromium(camera.arguments);
    bank = await openPhone({ browser, size } as Scene, {}, demo.bank);
    authenticator = await openPhone(
      { browser, size: "phone" } as Scene,
      { permissions: ["camera"] },
      demo.authenticator,
    );
  });
  after(async () => {
    await browser?.close();
    await demo?.close();
    camera?.remove();
  });

  const balance = () => bank.locator(".balance").textContent();
  const sheet = () => bank.getByRole("dialog");
  const choose = async (way: RegExp) => sheet().getByRole("button", { name: way }).click();
  const approve = async (name: RegExp | string = "Approve") => {
    await authenticator.getByRole("button", { name }).click();
    await typePin(authenticator);
  };
  const approved = async () => {
    await sheet().getByText("Approved on your phone").waitFor({ timeout: 15_000 });
  };
  const close = () => sheet().getByRole("button", { name: "Done" }).click();
  const done = () => authenticator.getByRole("button", { name: "Done" }).click();

  test("its page is good to look at and to use, before and after logging in", async () => {
    const page = await openPhone({ browser, size } as Scene, {}, demo.bank);
    await page.getByRole("heading", { name: "Your bank. Your phone. Your word." }).waitFor();
    await checkPage(page, "bank-welcome");
    await page.getByRole("button", { name: "Go in as Anna" }).press("Enter");
    await page.getByRole("heading", { name: "Everyday account" }).waitFor();
    await checkPage(page, "bank-home");
    await page.getByRole("button", { name: "Buy Desk lamp" }).press("Enter");
    await checkPage(page, "bank-order");
    await page.context().close();
  });

  test("a phone is connected by the bank's code once both screens show the same digits; without one nothing can be paid", async () => {
    await bank.getByRole("button", { name: "Go in as Anna" }).click();
    await bank.getByRole("button", { name: "Buy Stoneware mug" }).click();
    await choose(/Ask my phone/);
    await sheet().getByText("Connect a phone first").waitFor();
    await checkPage(bank, "bank-no-phone");
    await choose(/Connect a phone/);
    const code = (await sheet().locator(".digits").textContent()) ?? "";
    await checkPage(bank, "bank-connect");
    await authenticator.getByRole("button", { name: "I have a code" }).click();
    await authenticator.getByLabel("Activation code").fill(code);
    await authenticator.getByRole("button", { name: "Continue" }).click();
    await authenticator.getByRole("heading", { name: "Choose a PIN" }).waitFor();
    await typePin(authenticator);
    await authenticator.getByRole("heading", { name: "Repeat the PIN" }).waitFor();
    await typePin(authenticator);
    await authenticator.getByRole("heading", { name: "Almost done" }).waitFor();
    await sheet().getByText("Does your phone show these digits?").waitFor();
    const digits = ((await sheet().locator(".digits").textContent()) ?? "").trim();
    assert.match(digits, /^\d{8}$/);
    const shown = (await authenticator.locator("main").textContent()) ?? "";
    assert.ok(shown.replace(/\s/g, "").includes(digits), shown);
    await checkPage(bank, "bank-digits");
    await choose(/they are the same/);
    await sheet().getByText("Your phone is connected").waitFor();
    await close();
    await authenticator.getByRole("button", { name: "To the approvals" }).click();
  });

  test("a purchase by CIBA: both screens show the same words, the approval is verified, the receipt can be kept and checked", async () => {
    const held = await balance();
    await bank.getByRole("button", { name: "Buy Stoneware mug" }).click();
    await choose(/Ask my phone/);
    const words = (await sheet().locator(".words-text").textContent()) ?? "";
    assert.match(words, /^[a-z]+ [a-z]+$/);
    await checkPage(bank, "bank-waiting");
    await authenticator.getByRole("link", { name: /Payment.*18/ }).click();
    await authenticator.getByText(words).first().waitFor();
    await checkPage(authenticator, "bank-authenticator");
    await approve();
    await authenticator.getByText("The payment is on its way.").waitFor();
    await done();
    await approved();
    await choose(/Verify it/);
    await sheet().getByText("With one digit of the amount changed, it is refused.").waitFor();
    await sheet().getByText("A1*A18.00EUR*IDE89370400440532013000**NStoneware mug, Juniper Goods").waitFor();
    await checkPage(bank, "bank-receipt");
    const [download] = await Promise.all([
      bank.waitForEvent("download"),
      sheet().getByRole("link", { name: "Receipt" }).click(),
    ]);
    assert.equal(download.suggestedFilename(), "receipt.jws");
    await close();
    await bank.getByText("€4,802.50").waitFor();
    assert.notEqual(await balance(), held);
    await checkPage(bank, "bank-paid");
  });

  test("a transfer that is rejected on the phone moves nothing; a mistyped account is refused before anybody is asked", async () => {
    const held = await balance();
    await bank.getByLabel("To account").fill("CZ28 3030 0000 0011 6525 4011");
    await bank.getByRole("button", { name: "Continue" }).click();
    await choose(/Ask my phone/);
    await sheet().getByText("This is not an account number.").waitFor();
    await choose(/Cancel/);
    await bank.getByLabel("To account").fill("CZ27 3030 0000 0011 6525 4011");
    await bank.getByRole("button", { name: "Continue" }).click();
    await choose(/Ask my phone/);
    await authenticator.getByRole("link", { name: /Payment.*25/ }).click();
    await authenticator.getByRole("button", { name: "Reject" }).click();
    await authenticator.getByRole("button", { name: "The details are wrong" }).click();
    await authenticator.getByRole("heading", { name: "Rejected" }).waitFor();
    await done();
    await sheet().getByText("You rejected it on your phone.").waitFor({ timeout: 15_000 });
    await close();
    assert.equal(await balance(), held);
  });

  test("a phone beside the screen: the code of the screen goes to the phone, which approves with it", async () => {
    await bank.getByRole("button", { name: "Buy Wool blanket" }).click();
    await choose(/Phone beside this screen/);
    const link = await sheet()
      .getByRole("link", { name: /Open the authenticator/ })
      .getAttribute("href");
    await checkPage(bank, "bank-near");
    await authenticator.evaluate((hash) => (location.hash = hash), new URL(link ?? "").hash);
    await authenticator.getByText("Wool blanket").waitFor();
    await approve();
    await authenticator.getByRole("heading", { name: "Approved" }).waitFor();
    await done();
    await approved();
    await close();
  });

  test("a phone without a network: it scans the payment, and its digits typed at the bank approve it", async () => {
    await bank.getByRole("button", { name: "Buy Desk lamp" }).click();
    await choose(/Phone without a network/);
    await sheet().getByRole("img").waitFor();
    const qr = await bank.evaluate(async () => {
      const { payments } = (await (await fetch("api/state")).json()) as { payments: { id: string }[] };
      return ((await (await fetch(`api/payments/${payments[0]?.id}`)).json()) as { qr: string }).qr;
    });
    await checkPage(bank, "bank-offline");
    camera.show(qr);
    await authenticator.getByRole("link", { name: "Scan" }).click();
    await authenticator.getByText("Desk lamp").waitFor();
    await approve("Show the code");
    await authenticator.locator(".offline-code dd").first().waitFor();
    const digits = (await authenticator.locator(".offline-code dd").allTextContents()).map((text) => text.trim());
    await sheet().getByLabel("First eight digits").fill("0000 0000");
    await sheet()
      .getByLabel("Second eight digits")
      .fill(digits[1] ?? "");
    await choose(/Approve with these digits/);
    await sheet().getByText("This code does not fit.").waitFor();
    await sheet()
      .getByLabel("First eight digits")
      .fill(digits[0] ?? "");
    await choose(/Approve with these digits/);
    await approved();
    await close();
    await done();
  });

  test("logging in by a code: whoever scans it and approves is logged in, without a name or password", async () => {
    await bank.getByRole("button", { name: "Log out" }).click();
    await bank.getByRole("button", { name: "Log in with your phone" }).click();
    const link = await sheet()
      .getByRole("link", { name: /Open the authenticator/ })
      .getAttribute("href");
    await checkPage(bank, "bank-log-in");
    await authenticator.evaluate((hash) => (location.hash = hash), new URL(link ?? "").hash);
    await authenticator.getByText("Harbourline Bank on the web").waitFor();
    await sheet().getByText("Your phone has it").waitFor();
    await approve();
    await bank.getByRole("heading", { name: "Everyday account" }).waitFor();
    assert.equal(await bank.locator(".who-name").textContent(), "Anna Novak");
  });

  test("who has an Approve account only connects, pays and logs in by the same codes", async () => {
    const other = await openPhone({ browser, size: "phone" } as Scene, { permissions: ["camera"] }, demo.authenticator);
    const typePassword = async () => {
      await other.getByLabel("Password", { exact: true }).fill("correct horse 42");
      await other.getByRole("button", { name: "Continue" }).click();
    };
    await bank.getByRole("button", { name: "Connect a phone" }).click();
    await sheet().getByRole("button", { name: "Approve", exact: true }).click();
    const invitation = sheet().locator('a[href*="offer="]');
    await invitation.waitFor();
    await checkPage(bank, "bank-connect-approve");
    await other.goto((await invitation.getAttribute("href")) ?? "");
    await other.getByRole("button", { name: "Continue" }).click();
    await other.getByRole("heading", { name: "Choose a password" }).waitFor();
    await other.getByLabel("Password", { exact: true }).fill("correct horse 42");
    await other.getByLabel("Repeat the password").fill("correct horse 42");
    await other.getByRole("button", { name: "Continue" }).click();
    await other.getByRole("heading", { name: "This device is ready" }).waitFor({ timeout: 30_000 });
    await other.getByRole("button", { name: "To the approvals" }).click();
    await sheet().getByText("Your phone is connected").waitFor();
    await checkPage(bank, "bank-connected");
    await close();

    await bank.getByRole("button", { name: "Buy Stoneware mug" }).click();
    await choose(/Ask my phone/);
    await other.getByRole("link", { name: /Payment.*18/ }).click();
    await other.getByRole("button", { name: "Approve" }).click();
    await typePassword();
    await other.getByRole("heading", { name: "Approved" }).waitFor();
    await other.getByRole("button", { name: "Done" }).click();
    await approved();
    await close();

    for (const by of ["camera", "link"] as const) {
      await bank.getByRole("button", { name: "Log out" }).click();
      await bank.getByRole("button", { name: "Log in with your phone" }).click();
      await sheet().getByRole("img").waitFor();
      if (by === "camera") {
        const { qr } = await bank.evaluate(async () => (await (await fetch("api/log-in")).json()) as { qr: string });
        camera.show(qr);
        await other.getByRole("link", { name: "Scan" }).click();
      } else {
        const link = await sheet()
          .getByRole("link", { name: /Open the authenticator/ })
          .getAttribute("href");
        await other.evaluate((hash) => (location.hash = hash), new URL(link ?? "").hash);
      }
      await other.getByText("Harbourline Bank on the web").waitFor();
      await sheet().getByText("Your phone has it").waitFor();
      if (by === "camera") await checkPage(bank, "bank-log-in-claimed");
      await other.getByRole("button", { name: "Approve" }).click();
      await typePassword();
      await bank.getByRole("heading", { name: "Everyday account" }).waitFor();
      await other.getByRole("button", { name: "Done" }).click();
    }
    await other.context().close();
  });

  test("other people's payments, other origins and other names of this machine get nothing", async () => {
    const api = new URL("api/", demo.bank);
    const state = await fetch(new URL("state", api));
    assert.equal(((await state.json()) as { payments?: unknown }).payments, undefined);
    assert.match(state.headers.get("set-cookie") ?? "", /HttpOnly; SameSite=Strict$/);
    assert.match(state.headers.get("content-security-policy") ?? "", /^default-src 'none'; script-src 'self';/);
    assert.equal((await fetch(new URL("payments/0", api))).status, 401);
    const headers = { "content-type": "application/json" };
    const post = (more: Record<string, string>) =>
      fetch(new URL("session", api), { method: "POST", body: "{}", headers: { ...headers, ...more } });
    assert.equal((await post({})).status, 403);
    assert.equal((await post({ origin: "http://evil.example" })).status, 403);
    assert.equal((await post({ origin: api.origin, "content-type": "text/plain" })).status, 415);
    assert.equal((await post({ origin: api.origin })).status, 200);
    const status = await new Promise((resolve, reject) => {
      const sent = request(new URL("state", api), { headers: { host: "bank.evil.example" } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      sent.on("error", reject).end();
    });
    assert.equal(status, 421);
    for (const path of ["../../package.json", "%2e%2e/%2e%2e/package.json", "assets/"]) {
      assert.equal((await fetch(new URL(path, demo.bank))).status, 404);
    }
  });
});
