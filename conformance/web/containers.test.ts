/** What the authenticator does with an Approve container beside deciding: invitation, history, new keys, push. */
import assert from "node:assert/strict";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { after, before, test } from "node:test";
import { certificate } from "../push/certificate.ts";
import { type WebGateway, webGateway } from "../push/gateways.ts";
import { payment } from "../world.ts";
import { type CameraFile, cameraFile } from "./camera-file.ts";
import { checkPage } from "./look.ts";
import { deliverPush, pressNotification } from "./push.ts";
import { application, describeAtBothSizes, openPhone, openScene, type Page, type Scene } from "./scene.ts";

const password = "correct horse 42";
const deviceOnly = { policies: { device: { type: "DEVICE", lock: { type: "none" } } } };
const keysOf = (policy: string, enc = policy) => ({ auth: policy, tx: policy, enc, pop: "device" });

describeAtBothSizes("authenticator: Approve containers", (size) => {
  let scene: Scene;
  let camera: CameraFile;
  let gateway: WebGateway;
  let page: Page;
  before(async () => {
    setDefaultCACertificates([...getCACertificates("default"), certificate]);
    camera = cameraFile();
    gateway = await webGateway();
    scene = await openScene(size, { outboundAllow: ["127.0.0.0/8"] }, camera.arguments);
    const type = (name: string, more: object) =>
      scene.world.v1("PUT", `/device-types/${name}`, { applicationId: application, ...more });
    await type("phone", { keyDays: 1 });
    await type("plain", { ...deviceOnly, keyPolicies: keysOf("device"), keyDays: 1 });
    await scene.world.v1("PUT", `/push-gateways/${application}/web`, gateway.settings);
  });
  after(async () => {
    await scene?.close();
    await gateway?.close();
    camera?.remove();
  });

  const open = async (options = {}) => {
    const address = `${scene.world.server.publicUrl}/authenticator/`;
    page = await openPhone(scene, { permissions: ["camera", "notifications"], ...options }, address);
  };
  const ask = (userId: string, more: object = {}) =>
    scene.world.v1("POST", "/operations", { ...payment, userId, ...more }) as Promise<{ id: string }>;
  const offer = (userId: string, deviceType = "phone", more: object = {}) =>
    scene.world.v1("POST", "/offers", { userId, deviceType, ...more }) as Promise<{
      offer: string;
      inviteCode: string;
    }>;
  const card = (id: string) => page.locator(`a[href*="${id}"]`);
  const choosePassword = async () => {
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.getByLabel("Repeat the password").fill(password);
    await page.getByRole("button", { name: "Continue" }).click();
  };
  const finish = async () => {
    await page.getByRole("heading", { name: "This device is ready" }).waitFor({ timeout: 30_000 });
    await page.getByRole("button", { name: "To the approvals" }).click();
    await page.getByRole("heading", { name: "Approvals" }).waitFor();
  };
  const paste = async (text: string) => {
    await page.getByRole("button", { name: "I have a link" }).click();
    await page.getByLabel("Link").fill(text);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("button", { name: "Continue" }).click();
  };

  test("a container is connected by a typed user name and invitation code; a wrong one says so", async () => {
    await open();
    const { inviteCode } = await offer("anna", "phone", { invite: true });
    await page.getByRole("button", { name: "I have a code" }).click();
    await page.getByRole("button", { name: "I have a user name and a code" }).click();
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText("Fill in all three.").waitFor();
    assert.equal(await page.getByLabel("Server address").inputValue(), scene.world.server.publicUrl);
    await page.getByLabel("User name").fill("anna");
    await page.getByLabel("Invitation code").fill("AAAAA-AAAAA");
    await checkPage(page, "invite");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText("The user name or the code is wrong").waitFor();
    await checkPage(page, "invite-wrong");
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByLabel("User name").fill("anna");
    await page.getByLabel("Invitation code").fill(inviteCode.toLowerCase());
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Choose a password" }).waitFor();
    await choosePassword();
    await finish();
    const { id } = await ask("anna");
    await card(id).waitFor();
    await scene.world.bank.cancelOperation(id);
  });

  test("keys that end soon are renewed with the password, and go on approving; a wrong one changes nothing", async () => {
    await page.getByText("time for new keys").waitFor();
    await checkPage(page, "renewal-due");
    await page.getByRole("link", { name: "Renew the keys" }).click();
    await page.getByRole("heading", { name: "Renew the keys" }).waitFor();
    await checkPage(page, "renewal");
    const renew = async (text: string) => {
      await page.getByRole("button", { name: "Renew the keys" }).click();
      await page.getByLabel("Password", { exact: true }).fill(text);
      await page.getByRole("button", { name: "Continue" }).click();
    };
    await renew("wrong horse 4242");
    await page.getByText("This password is wrong.").waitFor();
    await renew(password);
    await page.getByRole("heading", { name: "The keys are new" }).waitFor();
    await checkPage(page, "renewal-done");
    await page.getByRole("button", { name: "To the approvals" }).click();
    assert.equal(await page.getByText("time for new keys").count(), 0);
    const { id } = await ask("anna");
    await card(id).click();
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("heading", { name: "Approved" }).waitFor();
    await page.getByRole("button", { name: "Done" }).click();
  });

  test("the history shows what became of what this device was shown", async () => {
    await page.getByRole("link", { name: "History" }).click();
    await page.getByRole("heading", { name: "History" }).waitFor();
    const rows = page.getByRole("listitem").filter({ hasText: "CZ2730300000001165254011" });
    await rows.getByText("Approved").waitFor();
    await rows.getByText("Cancelled").waitFor();
    assert.equal(await rows.count(), 2);
    await checkPage(page, "history-approve");
    await page.context().close();
  });

  test("an offer and a transaction's code are scanned, and so is the number that the other screen shows", async () => {
    await open();
    camera.show((await offer("boris", "plain")).offer);
    await page.getByRole("button", { name: "Scan the QR code" }).click();
    await page.getByRole("button", { name: "Continue" }).click();
    await finish();
    await scene.world.v1("POST", "/templates", {
      name: "match-scan",
      operationType: "payment",
      dataTemplate: "A1*A${amount}${currency}*I${iban}**N${note}",
      signatureTypes: ["POSSESSION"],
      maxFailureCount: 5,
      expirationSeconds: 90,
      approval: { match: "scan" },
    });
    const { id } = await ask("boris", { template: "match-scan" });
    const { matchNumber } = (await scene.world.v1("GET", `/operations/${id}`)) as { matchNumber: string };
    camera.show(matchNumber);
    await card(id).click();
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByRole("heading", { name: "Approved" }).waitFor();
    assert.equal((await scene.world.bank.getOperation(id)).status, "APPROVED");
    await page.getByRole("button", { name: "Done" }).click();
  });

  test("keys that only the device protects are renewed by themselves when the page is opened", async () => {
    const containers = async () =>
      ((await scene.world.v1("GET", "/containers?userId=boris")) as { items: { id: string }[] }).items;
    const known = await containers();
    const acknowledged = page.waitForResponse((response) => response.url().endsWith("/renewal/ack"));
    await page.reload();
    assert.equal((await acknowledged).status(), 200);
    await page.getByRole("heading", { name: "Approvals" }).waitFor();
    assert.equal(await page.getByText("time for new keys").count(), 0);
    assert.deepEqual(
      (await containers()).map(({ id }) => id),
      known.map(({ id }) => id),
    );
    const { id } = await ask("boris");
    await card(id).waitFor();
    await scene.world.bank.cancelOperation(id);
  });

  test("notifications reach a container by the server's own key; pressed, one leads to its transaction", async () => {
    const subscription = gateway.subscribe();
    // The browser vendor's service cannot be reached from here: what it would hand out is made by ours.
    await page.context().addInitScript((handed) => {
      const made: { key?: unknown; subscription: object | null } = { subscription: null };
      PushManager.prototype.subscribe = async (options) => {
        made.key = options?.applicationServerKey;
        made.subscription = { toJSON: () => handed };
        return made.subscription as PushSubscription;
      };
      PushManager.prototype.getSubscription = async () => made.subscription as PushSubscription | null;
      Object.assign(globalThis, { asked: () => made.key });
    }, subscription);
    await page.reload();
    await page.getByRole("link", { name: "Settings" }).click();
    await page.getByRole("switch", { name: "Notifications" }).click();
    await page.getByRole("switch", { name: "Notifications", checked: true }).waitFor();
    await checkPage(page, "notifications-on");
    const key = await page.evaluate(() => (globalThis as unknown as { asked(): string }).asked());
    const gatewaySettings = (await scene.world.v1("GET", `/push-gateways/${application}/web`)) as { publicKey: string };
    assert.equal(key, gatewaySettings.publicKey);

    const coming = gateway.message(gateway.got.length + 1);
    const { id } = await ask("boris", { notify: true });
    const { body } = await coming;
    assert.equal(typeof body.tds, "string");
    assert.deepEqual(gateway.refused, []);

    await deliverPush(page, JSON.stringify(body));
    await pressNotification(page);
    await page.getByText("CZ2730300000001165254011").waitFor();
    await page.waitForURL(new RegExp(`#/operation/[^/]+/${id}$`));
    await scene.world.bank.cancelOperation(id);
    await page.context().close();
  });

  test("a container of another application has a registration and an address of its own, for its own key", async () => {
    const other = `other-${size}`;
    await scene.world.backOffice("/rest/v3/application/create", { applicationId: other });
    const elsewhere = await webGateway();
    await scene.world.v1("PUT", `/push-gateways/${other}/web`, elsewhere.settings);
    await scene.world.v1("PUT", "/device-types/elsewhere", {
      applicationId: other,
      ...deviceOnly,
      keyPolicies: keysOf("device"),
    });
    await open();
    await paste((await offer("cyril", "elsewhere")).offer);
    await finish();
    await page.evaluate((handed) => {
      const made = new Map<string, object>();
      Object.assign(globalThis, { made });
      PushManager.prototype.subscribe = async (options) => {
        const key = String(options?.applicationServerKey);
        made.set(key, { toJSON: () => handed });
        return made.get(key) as PushSubscription;
      };
      PushManager.prototype.getSubscription = async () => ([...made.values()][0] ?? null) as PushSubscription | null;
    }, elsewhere.subscribe());
    await page.getByRole("link", { name: "Settings" }).click();
    await page.getByRole("switch", { name: "Notifications" }).click();
    await page.getByRole("switch", { name: "Notifications", checked: true }).waitFor();
    const scopes = await page.evaluate(async () =>
      (await navigator.serviceWorker.getRegistrations()).map(({ scope }) => new URL(scope).pathname).toSorted(),
    );
    assert.equal(scopes.length, 2);
    assert.equal(scopes[0], "/authenticator/");
    assert.match(scopes[1] ?? "", /^\/authenticator\/push\/[\w-]{32}\/$/);
    const coming = elsewhere.message(1);
    await ask("cyril", { applications: [other], notify: true });
    assert.equal(typeof (await coming).body.tds, "string");
    assert.deepEqual(elsewhere.refused, []);
    await page.context().close();
    await elsewhere.close();
  });

  test("where what waits is under a password, the history is as well", async () => {
    await scene.world.v1("PUT", "/device-types/sealed", {
      applicationId: application,
      keyPolicies: keysOf("password"),
    });
    await open();
    await paste((await offer("dana", "sealed")).offer);
    await choosePassword();
    await finish();
    const { id } = await ask("dana");
    await card(id).click();
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText("CZ2730300000001165254011").waitFor();
    await scene.world.bank.cancelOperation(id);
    await page.getByRole("heading", { name: "No longer waiting" }).waitFor();
    await page.getByRole("button", { name: "To the approvals" }).click();
    await page.getByRole("link", { name: "History" }).click();
    await page.getByText("Your password opens the list").waitFor();
    await checkPage(page, "history-sealed");
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("listitem").getByText("Cancelled").waitFor();
    await page.context().close();
  });
});
