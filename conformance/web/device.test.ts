/** What the authenticator has of the device: a passkey, a service worker with push, and a page that opens without server. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { passwordRules } from "@countersign/protocol/approve/policy";
import { addAuthenticator } from "../../tools/browser.ts";
import { checkPage } from "./look.ts";
import { deliverPush, pressNotification } from "./push.ts";
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
  type Scene,
  typePin,
} from "./scene.ts";

describeAtBothSizes("authenticator: passkey, push, offline", (size) => {
  let scene: Scene;
  let page: Page;
  before(async () => void (scene = await openScene(size)));
  after(() => scene?.close());

  test("a passkey is offered with the PIN, opens the page and approves; turned off it is asked for no more", async () => {
    page = await openPhone(scene);
    await addAuthenticator(page);
    const { activationId, activationCode } = await invite(scene, "anna");
    await page.getByRole("button", { name: "I have a code" }).click();
    await page.getByLabel("Activation code").fill(activationCode);
    await page.getByRole("button", { name: "Continue" }).click();
    await typePin(page);
    await page.getByRole("heading", { name: "Repeat the PIN" }).waitFor();
    await typePin(page);
    await page.getByRole("heading", { name: "Approve by passkey?" }).waitFor();
    await checkPage(page, "passkey-offer");
    await page.getByRole("button", { name: "Set up the passkey" }).click();
    await page.getByRole("heading", { name: "Almost done" }).waitFor();
    await scene.world.backOffice("/rest/v3/activation/commit", { activationId });
    await page.getByRole("button", { name: "To the approvals" }).click();

    const operation = await pay(scene, "anna");
    await page.getByRole("link", { name: /Payment/ }).click();
    await page.getByRole("button", { name: "Approve" }).click();
    await checkPage(page, "pin-passkey");
    await page.getByRole("button", { name: "Use the passkey" }).click();
    await page.getByRole("heading", { name: "Approved" }).waitFor();
    const { status, decisions = [] } = await scene.world.bank.getOperation(operation.id);
    assert.equal(status, "APPROVED");
    assert.match(JSON.stringify(decisions), /biometry/);
    await page.getByRole("button", { name: "Done" }).click();

    await page.reload();
    await page.getByRole("button", { name: "Use the passkey" }).click();
    await page.getByRole("heading", { name: "Approvals" }).waitFor();
    await page.getByRole("link", { name: "Settings" }).click();
    await page.getByRole("link", { name: /Mobile Token/ }).click();
    await page.getByRole("switch", { name: "Passkey" }).click();
    await page.locator('[role="switch"][aria-checked="false"]').waitFor();
    await page.getByRole("switch", { name: "Passkey" }).click();
    await page.getByRole("heading", { name: "Enter your PIN" }).waitFor();
    await typePin(page);
    await page.locator('[role="switch"][aria-checked="true"]').waitFor();
    await page.context().close();
  });

  test("of an Approve account too: offered with the password, reads and approves; who is not recognised types the password", async () => {
    page = await openPhone(scene);
    let authenticator = await addAuthenticator(page);
    // It asks until its tries are used up: nobody is recognised by it any more.
    const recogniseNobody = ({ devtools, authenticatorId } = authenticator) =>
      devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
    await scene.world.v1("PUT", "/device-types/recognising", {
      applicationId: application,
      policies: {
        device: { type: "DEVICE", lock: { type: "none" } },
        person: { type: "BIOPASSWORD", password: passwordRules, lock: { type: "none" } },
      },
      keyPolicies: { auth: "person", tx: "person", enc: "person", pop: "device" },
    });
    const password = "correct horse 42";
    const typePassword = async () => {
      await page.getByLabel("Password", { exact: true }).fill(password);
      await page.getByRole("button", { name: "Continue" }).click();
    };
    const { offer } = await scene.world.v1("POST", "/offers", { userId: "dora", deviceType: "recognising" });
    await page.getByRole("button", { name: "I have a link" }).click();
    await page.getByLabel("Link").fill(offer);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("heading", { name: "Choose a password" }).waitFor();
    await page.getByLabel("Repeat the password").fill(password);
    await typePassword();
    await page.getByRole("heading", { name: "Approve by passkey?" }).waitFor();
    await checkPage(page, "passkey-offer-approve");
    await recogniseNobody();
    await page.getByRole("button", { name: "Set up the passkey" }).click();
    await page.getByText("The passkey could not be set up.").waitFor();
    const { devtools, authenticatorId } = authenticator;
    await devtools.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId });
    authenticator = await addAuthenticator(page);
    await page.getByRole("button", { name: "Set up the passkey" }).click();
    await page.getByRole("heading", { name: "This device is ready" }).waitFor();
    await page.getByRole("button", { name: "To the approvals" }).click();

    const decided = async (id: string) => {
      await page.getByRole("heading", { name: "Approved" }).waitFor();
      const { status, decisions = [] } = await scene.world.bank.getOperation(id);
      assert.equal(status, "APPROVED");
      await page.getByRole("button", { name: "Done" }).click();
      return JSON.stringify(decisions);
    };
    const first = await pay(scene, "dora");
    await page.locator(`a[href*="${first.id}"]`).click();
    await page.getByRole("heading", { name: "Enter your password" }).waitFor();
    await checkPage(page, "password-passkey");
    await page.getByRole("button", { name: "Use the passkey" }).click();
    await page.getByRole("button", { name: "Approve" }).click();
    assert.match(await decided(first.id), /biometry/);

    await page.getByRole("link", { name: "Settings" }).click();
    await page.getByRole("link", { name: /Approve/ }).click();
    await page.getByRole("switch", { name: "Passkey" }).click();
    await page.locator('[role="switch"][aria-checked="false"]').waitFor();
    await page.getByRole("switch", { name: "Passkey" }).click();
    await page.getByRole("dialog").waitFor();
    await checkPage(page, "passkey-password");
    await page.getByLabel("Password", { exact: true }).fill("wrong horse 4242");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText("This password is wrong.").waitFor();
    await typePassword();
    await page.locator('[role="switch"][aria-checked="true"]').waitFor();
    await page.getByRole("button", { name: "Back" }).first().click();
    await page.getByRole("link", { name: "Approvals" }).click();

    const second = await pay(scene, "dora");
    await page.locator(`a[href*="${second.id}"]`).click();
    await typePassword();
    await recogniseNobody();
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByRole("heading", { name: "Enter your password" }).waitFor();
    await page.getByRole("button", { name: "Use the passkey" }).click();
    await page.getByText("You were not recognised.").waitFor();
    await typePassword();
    assert.match(await decided(second.id), /knowledge/);
    await page.context().close();
  });

  test("the page can be installed, and shows what is pushed; pressed, the notification leads to the approvals", async () => {
    page = await openPhone(scene, { permissions: ["notifications"] });
    await connect(scene, page, "boris");
    const devtools = await page.context().newCDPSession(page);
    const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
    const errors = installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== "in-incognito");
    assert.deepEqual(errors, []);
    const data = JSON.stringify({
      messageType: "mtoken.operationInit",
      operationId: "4711",
      notification: { title: "Payment", body: "1 250 EUR wait for you" },
    });
    const shown = await deliverPush(page, data);
    assert.deepEqual(shown, { title: "Payment", body: "1 250 EUR wait for you", tag: "4711" });

    await page.getByRole("link", { name: "Settings" }).click();
    await pressNotification(page);
    await page.getByRole("heading", { name: "Nothing waits for you" }).waitFor();
    await page.context().close();
  });

  test("what is stored is sealed: neither the PIN, nor a key, nor the configuration can be read from the database", async () => {
    page = await openPhone(scene);
    await connect(scene, page, "cyril");
    const found = await page.evaluate(
      async (configuration) => {
        const texts: string[] = [];
        let hasExtractable = false;
        for (const { name } of await indexedDB.databases()) {
          const database = await new Promise<IDBDatabase>((resolve, reject) => {
            const request = indexedDB.open(name ?? "");
            request.addEventListener("success", () => resolve(request.result));
            request.addEventListener("error", () => reject(new Error("not opened")));
          });
          for (const store of database.objectStoreNames) {
            const values = await new Promise<unknown[]>((resolve) => {
              const request = database.transaction(store).objectStore(store).getAll();
              request.addEventListener("success", () => resolve(request.result as unknown[]));
            });
            for (const value of values) {
              if (value instanceof CryptoKey) hasExtractable ||= value.extractable;
              else
                texts.push(
                  JSON.stringify(value, (_, one: unknown) =>
                    one instanceof ArrayBuffer ? new TextDecoder("latin1").decode(one) : one,
                  ),
                );
            }
          }
          database.close();
        }
        const kept = Object.values({ ...localStorage, ...sessionStorage }).join();
        return {
          records: texts.length,
          readable: texts.some((text) => text.includes(configuration) || text.includes("mobile-token")),
          hasExtractable,
          kept,
        };
      },
      scene.world.sdkConfiguration.slice(0, 24),
    );
    assert.ok(found.records > 1);
    assert.deepEqual({ ...found, records: 0 }, { records: 0, readable: false, hasExtractable: false, kept: "" });
    await page.context().close();
  });

  test("with the server stopped it opens, says that it is offline, and leads to offline codes", async () => {
    const own = await openScene(size);
    const offline = await openPhone(own);
    await connect(own, offline, "dana");
    await offline.evaluate(async () => (await navigator.serviceWorker.ready).active?.state);
    const address = pageAddress(own);
    await own.world.server.close();
    const again = await offline.context().newPage();
    await offline.close();
    await again.goto(address);
    await again.getByRole("heading", { name: "Welcome back" }).waitFor();
    await typePin(again);
    await again.getByText("your PIN cannot be checked").waitFor();
    await checkPage(again, "lock-offline");
    await again.getByRole("button", { name: "Scan an offline code" }).click();
    await again.getByRole("heading", { name: "Scan a code" }).waitFor();
    await own.browser.close();
  });
});
