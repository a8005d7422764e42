/** A browser before a running server with a bank: what tests of the pages play in. Screenshots go outside the repository. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { builtPages } from "../../tools/build-web.ts";
import { startChromium } from "../../tools/browser.ts";
import { application, type ConfigOfWorld, openWorld, payment, type World } from "../world.ts";

export const phone = { width: 390, height: 844 } as const;
export const desktop = { width: 1440, height: 900 } as const;

/** Where pictures of the pages go, for a person to look at. */
const pictures = process.env.COUNTERSIGN_SCREENSHOTS ?? join(tmpdir(), "countersign-screenshots");

export interface Scene {
  readonly world: World;
  readonly browser: Browser;
  close(): Promise<void>;
}

/** `arguments_` are Chromium's own. */
export async function openScene(config: ConfigOfWorld = {}, arguments_: readonly string[] = []): Promise<Scene> {
  const settings = { authenticatorApplication: application, ...config };
  const world = await openWorld({ name: "sqlite", drop: async () => undefined }, settings, { pages: builtPages });
  await world.v1("PUT", "/display-templates/payment/en", paymentForm());
  await world.v1("PUT", "/display-templates/payment/cs", paymentForm("Platba", "Částka"));
  const browser = await startChromium(arguments_);
  return {
    world,
    browser,
    async close() {
      await browser.close();
      await world.close();
    },
  };
}

/** What a person sees of a payment. */
export function paymentForm(title = "Payment", amount = "Amount", ui?: object) {
  return {
    title,
    message: "",
    resultTexts: { success: "Paid." },
    attributes: [
      { id: "amount", type: "AMOUNT", text: amount, params: { amount: "amount", currency: "currency" } },
      { id: "account", type: "KEY_VALUE", text: "To account", params: { value: "iban" } },
      { id: "note", type: "NOTE", text: "Note", params: { note: "note" } },
    ],
    ...(ui !== undefined && { ui }),
  };
}

/** The address under a name, not a number: passkeys need a domain. */
export function pageAddress({ world }: Pick<Scene, "world">, rest = ""): string {
  return `${world.server.publicUrl.replace("127.0.0.1", "localhost")}/authenticator/${rest}`;
}

/** A person's browser: each call is a new one, with nothing stored. */
export async function openPhone(
  scene: Scene,
  options: BrowserContextOptions = {},
  address = pageAddress(scene),
): Promise<Page> {
  const context = await scene.browser.newContext({ viewport: phone, locale: "en-GB", ...options });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  page.on("pageerror", (error) => console.error(`page: ${error.message}`));
  page.on("console", (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) console.error(`page: ${message.text()}`);
  });
  await page.goto(address);
  return page;
}

export interface Invitation {
  readonly activationId: string;
  readonly activationCode: string;
  readonly activationSignature: string;
}

export function invite({ world }: Scene, userId: string): Promise<Invitation> {
  return world.backOffice<Invitation>("/rest/v3/activation/init", { applicationId: application, userId });
}

/** Not among those that people choose most: those are refused. */
export const pin = "8351";

export async function typePin(page: Page, digits = pin): Promise<void> {
  await page.getByRole("group", { name: "PIN" }).waitFor();
  for (const digit of digits) await page.keyboard.press(digit);
  await page.keyboard.press("Enter");
}

/** Connects by a typed code, and is confirmed by the bank. */
export async function connect(scene: Scene, page: Page, userId: string): Promise<Invitation> {
  const invitation = await invite(scene, userId);
  await page.getByRole("button", { name: "I have a code" }).click();
  await page.getByLabel("Activation code").fill(invitation.activationCode);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("heading", { name: "Choose a PIN" }).waitFor();
  await typePin(page);
  await page.getByRole("heading", { name: "Repeat the PIN" }).waitFor();
  await typePin(page);
  await page.getByRole("heading", { name: "Almost done" }).waitFor();
  await scene.world.backOffice("/rest/v3/activation/commit", { activationId: invitation.activationId });
  await page.getByRole("heading", { name: "This device is ready" }).waitFor();
  await page.getByRole("button", { name: "To the approvals" }).click();
  await page.getByRole("heading", { name: "Approvals" }).waitFor();
  return invitation;
}

export function pay({ world }: Scene, userId: string, more: object = {}) {
  return world.bank.createOperation({ ...payment, ...more, userId });
}

const axeSource = readFileSync(new URL(import.meta.resolve("axe-core/axe.min.js")), "utf8");

/** No violation that axe knows of, on the page as it stands. Also keeps a picture of it. */
export async function checkPage(page: Page, name: string): Promise<void> {
  mkdirSync(pictures, { recursive: true });
  // What is still moving in is looked at when it is there; what turns for ever is not waited for.
  await page.evaluate(async () => {
    const moving = document.getAnimations().filter((one) => one.effect?.getComputedTiming().iterations !== Infinity);
    await Promise.allSettled(moving.map((one) => one.finished));
  });
  await page.screenshot({ path: join(pictures, `${name}.png`) });
  // The page's policy admits no script but its own: this one comes in beside it.
  await page.evaluate(axeSource);
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } };
    const result = await axe.run();
    return result.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  });
  assert.deepEqual(violations, [], name);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `${name}: ${overflow} pixels wider than the screen`);
}

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

export { application };
export type { BrowserContext, Page };
