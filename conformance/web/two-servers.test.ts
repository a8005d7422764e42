/** Accounts of two servers in one authenticator, both worlds at each; and a person who wants nothing to move. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openWorld, payment, type World } from "../world.ts";
import { checkPage } from "./look.ts";
import {
  application,
  connect,
  describeAtBothSizes,
  openPhone,
  openScene,
  type Page,
  pageAddress,
  pay,
  paymentForm,
  type Scene,
  typePin,
} from "./scene.ts";

describeAtBothSizes("authenticator: two servers", (size) => {
  let scene: Scene;
  let other: World;
  let page: Page;
  before(async () => {
    scene = await openScene(size);
    // The page comes from the first one; the second lets it in.
    const allowedOrigins = [new URL(pageAddress(scene)).origin];
    other = await openWorld({ name: "sqlite", drop: async () => undefined }, { allowedOrigins });
    await other.v1("PUT", "/display-templates/payment/en", paymentForm("Transfer"));
    for (const world of [scene.world, other]) {
      await world.v1("PUT", "/device-types/phone", {
        applicationId: application,
        policies: { device: { type: "DEVICE", lock: { type: "none" } } },
        keyPolicies: { auth: "device", tx: "device", enc: "device", pop: "device" },
      });
      const limits = { maxFailureCount: 5, expirationSeconds: 300 };
      const dataTemplate = "A1*A${amount}${currency}*I${iban}**N${note}";
      const content = { operationType: "payment", dataTemplate, signatureTypes: ["POSSESSION"] };
      await world.v1("POST", "/templates", { name: "device", ...content, ...limits });
    }
    page = await openPhone(scene);
  });
  after(async () => {
    await scene?.close();
    await other?.close();
  });

  const addAnother = async () => {
    await page.getByRole("link", { name: "Settings" }).click();
    await page.getByRole("button", { name: "Connect another account" }).click();
  };
  const paste = async (text: string) => {
    await page.getByRole("button", { name: "I have a link" }).click();
    await page.getByLabel("Link").fill(text);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("heading", { name: "Connect with this server?" }).waitFor();
    await page.getByRole("button", { name: "Continue" }).click();
  };
  const asked = (world: World, userId: string) =>
    world.v1("POST", "/operations", { ...payment, template: "device", userId }) as Promise<{ id: string }>;

  test("an account of another server is connected by a pasted link, which names it", async () => {
    await connect(scene, page, "anna");
    await addAnother();
    const invited = { applicationId: application, userId: "anna-there" };
    const invitation = await other.backOffice<{
      activationId: string;
      activationCode: string;
      activationSignature: string;
    }>("/rest/v3/activation/init", invited);
    const link = new URLSearchParams({
      code: `${invitation.activationCode}#${invitation.activationSignature}`,
      server: other.server.publicUrl,
      configuration: other.sdkConfiguration,
      name: "Other bank",
    });
    await paste(`https://bank.example/connect#${link}`);
    await page.getByRole("heading", { name: "Choose a PIN" }).waitFor();
    await typePin(page);
    await page.getByRole("heading", { name: "Repeat the PIN" }).waitFor();
    await typePin(page);
    await page.getByRole("heading", { name: "Almost done" }).waitFor();
    await other.backOffice("/rest/v3/activation/commit", { activationId: invitation.activationId });
    await page.getByRole("heading", { name: "This device is ready" }).waitFor();
    await page.getByRole("button", { name: "To the approvals" }).click();
  });

  test("what waits at both servers, of both kinds, stands in one list, each within a second, and is decided there", async (t) => {
    await addAnother();
    const { offer } = (await other.v1("POST", "/offers", { userId: "cara", deviceType: "phone" })) as { offer: string };
    await paste(offer);
    await page.getByRole("heading", { name: "This device is ready" }).waitFor({ timeout: 30_000 });
    await page.getByRole("button", { name: "To the approvals" }).click();
    await page.getByRole("heading", { name: "Nothing waits for you" }).waitFor();
    const times: number[] = [];
    const create = async (make: () => Promise<{ id: string }>) => {
      const { id } = await make();
      const created = performance.now();
      await page.locator(`a[href*="${id}"]`).waitFor();
      times.push(performance.now() - created);
      return id;
    };
    const here = await create(() => pay(scene, "anna"));
    const there = await create(() => other.bank.createOperation({ ...payment, userId: "anna-there" }));
    const approve = await create(() => asked(other, "cara"));
    t.diagnostic(`seen after ${times.map((time) => Math.round(time)).join(", ")} ms`);
    assert.ok(Math.max(...times) < 1000);
    await page.getByText("3 approvals wait").waitFor();
    assert.equal(await page.locator(`a[href*="${there}"]`).getByText("Other bank").count(), 1);
    await checkPage(page, "two-servers");
    await page.evaluate(() => (document.documentElement.dir = "rtl"));
    await checkPage(page, "two-servers-rtl");
    await page.evaluate(() => (document.documentElement.dir = "ltr"));

    await page.locator(`a[href*="${approve}"]`).click();
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByRole("heading", { name: "Approved" }).waitFor();
    await page.getByRole("button", { name: "Done" }).click();
    await page.locator(`a[href*="${there}"]`).click();
    await page.getByRole("button", { name: "Approve" }).click();
    await typePin(page);
    await page.getByRole("heading", { name: "Approved" }).waitFor();
    assert.equal((await other.bank.getOperation(approve)).status, "APPROVED");
    assert.equal((await other.bank.getOperation(there)).status, "APPROVED");
    assert.equal((await scene.world.bank.getOperation(here)).status, "PENDING");
    await page.getByRole("button", { name: "Done" }).click();
    await scene.world.bank.cancelOperation(here);
    await page.getByRole("heading", { name: "Nothing waits for you" }).waitFor();
  });

  test("the history is asked for account by account, and reads from right to left as well", async () => {
    await page.getByRole("link", { name: "History" }).click();
    await page.getByRole("button", { name: "Other bank" }).waitFor();
    await checkPage(page, "history-choose");
    const host = new URL(other.server.publicUrl).host;
    await page.getByRole("button", { name: host }).click();
    await page.getByRole("listitem").getByText("Approved").waitFor();
    await page.evaluate(() => (document.documentElement.dir = "rtl"));
    await checkPage(page, "history-rtl");
    await page.getByRole("link", { name: "Settings" }).click();
    await checkPage(page, "settings-rtl");
    await page.getByRole("button", { name: "Connect another account" }).click();
    await checkPage(page, "add-rtl");
    await page.getByRole("button", { name: "I have a code" }).click();
    await page.getByRole("button", { name: "I have a user name and a code" }).click();
    await checkPage(page, "invite-rtl");
    await page.context().close();
  });

  test("for who wants less motion nothing moves, on no screen from connecting to the result", async () => {
    /** What moves now; and what began to move since the page was opened. */
    const moving = (one: Page) =>
      one.evaluate(() =>
        document
          .getAnimations()
          .filter(({ playState }) => playState === "running")
          .map(
            (animation) => (animation as CSSAnimation).animationName ?? (animation as CSSTransition).transitionProperty,
          ),
      );
    const watch = (one: Page) =>
      one.context().addInitScript(() => {
        const begun: string[] = [];
        Object.assign(globalThis, { begun });
        addEventListener("transitionrun", ({ propertyName }) => begun.push(propertyName), true);
      });
    const begun = (one: Page) => one.evaluate(() => (globalThis as unknown as { begun: string[] }).begun);
    for (const reducedMotion of ["reduce", "no-preference"] as const) {
      const one = await openPhone(scene, { reducedMotion });
      await watch(one);
      await one.reload();
      const userId = `dana-${reducedMotion}`;
      const seen: string[] = [];
      const look = async () => void seen.push(...(await moving(one)));
      await look();
      await connect(scene, one, userId);
      await look();
      await pay(scene, userId);
      await one.getByRole("link", { name: /Payment/ }).waitFor();
      await look();
      await one.getByRole("link", { name: /Payment/ }).click();
      await one.getByRole("button", { name: "Reject" }).click();
      await look();
      await one.getByRole("button", { name: "Cancel" }).click();
      await one.getByRole("button", { name: "Approve" }).click();
      await typePin(one);
      await one.getByRole("heading", { name: "Approved" }).waitFor();
      await look();
      seen.push(...(await begun(one)));
      if (reducedMotion === "reduce") assert.deepEqual(seen, []);
      // The test sees what moves, where it may.
      else assert.ok(seen.length > 0);
      await one.context().close();
    }
  });
});
