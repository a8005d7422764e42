/** A browser before a running server with a bank: what tests of the pages play in. Screenshots go outside the repository. */
import { describe } from "node:test";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { builtPages } from "../../tools/build-web.ts";
import { noBrowser, startChromium } from "../../tools/browser.ts";
import { application, type ConfigOfWorld, openWorld, payment, type World } from "../world.ts";
import { type Size, sizes } from "./look.ts";

/** The same tests on a phone and on a desktop; both colour schemes are looked at by checkPage. */
export function describeAtBothSizes(title: string, tests: (size: Size) => void): void {
  describe(title, { skip: noBrowser }, () => {
    for (const size of ["phone", "desktop"] as const) describe(`at the size of a ${size}`, () => tests(size));
  });
}

export interface Scene {
  readonly world: World;
  readonly browser: Browser;
  readonly size: Size;
  close(): Promise<void>;
}

/** `arguments_` are Chromium's own. */
export async function openScene(
  size: Size,
  config: ConfigOfWorld = {},
  arguments_: readonly string[] = [],
): Promise<Scene> {
  const settings = { authenticatorApplication: application, ...config };
  const world = await openWorld({ name: "sqlite", drop: async () => undefined }, settings, { pages: builtPages });
  await world.v1("PUT", "/display-templates/payment/en", paymentForm());
  await world.v1("PUT", "/display-templates/payment/cs", paymentForm("Platba", "Částka"));
  const browser = await startChromium(arguments_);
  return {
    world,
    browser,
    size,
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
  const context = await scene.browser.newContext({ viewport: sizes[scene.size], locale: "en-GB", ...options });
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

export { application };
export type { BrowserContext, Page };
