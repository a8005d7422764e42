/** A server with a busy bank behind it, and a browser before its console. */
import assert from "node:assert/strict";
import { PowerAuthAuthentication } from "@countersign/client/mobile-token";
import type { Page } from "playwright-core";
import { enrolDevice } from "../../tools/approve-device.ts";
import { startChromium } from "../../tools/browser.ts";
import { builtPages } from "../../tools/build-web.ts";
import { type Size, sizes } from "./look.ts";
import { application, openWorld, payment, pin, type World } from "../world.ts";

export type ConsoleScene = Awaited<ReturnType<typeof openConsoleScene>>;

export async function openConsoleScene() {
  const config = { outboundAllow: ["127.0.0.0/8"], checkpointSeconds: 1 };
  const world = await openWorld({ name: "sqlite", drop: async () => undefined }, config, { pages: builtPages });
  const seeded = await seed(world);
  const browser = await startChromium();
  return {
    world,
    ...seeded,
    browser,
    async close() {
      await browser.close();
      await world.close();
    },
  };
}

async function seed(world: World) {
  const path = "/display-templates/payment";
  await world.v1("PUT", `${path}/en`, displayTexts("Payment to ${iban}", "Send ${amount} ${currency}?", "Amount"));
  await world.v1("PUT", `${path}/cs`, displayTexts("Platba na ${iban}", "Odeslat ${amount} ${currency}?", "Částka"));
  const decider = await world.v1("POST", "/api-clients", { name: "call centre", permissions: ["integrate", "decide"] });
  const callback = {
    applicationId: application,
    name: "core banking",
    type: "OPERATION_STATUS_CHANGE",
    maxAttempts: 1,
  };
  const { id: callbackId } = await world.backOffice<{ id: string }>("/rest/v3/application/callback/create", {
    ...callback,
    // Nobody listens there.
    callbackUrl: "http://127.0.0.1:9/countersign",
  });
  const anna = await world.device("anna");
  const bert = await world.device("bert");
  const container = await containerOf(world, "clara");
  const pay = (userId: string, more: object = {}) => world.bank.createOperation({ ...payment, userId, ...more });
  const approved = await pay("anna", { externalId: "invoice-2026-118" });
  const { operations } = anna.createMobileToken();
  const [listed] = await operations.getOperations();
  await assert.rejects(operations.authorize(listed!, PowerAuthAuthentication.password("1111")));
  await operations.authorize(listed!, PowerAuthAuthentication.password(pin));
  for (const [amount, note] of [
    ["18.90", "Corner Bookshop"],
    ["2400.00", "Deposit"],
    ["64.50", "Electricity"],
  ] as const) {
    const parameters = { ...payment.parameters, amount, note };
    const { id } = await pay("bert", { parameters });
    if (note === "Electricity") await world.bank.cancelOperation(id);
  }
  await pay("clara", { externalId: "invoice-2026-119" });
  const pending = await pay("anna", { externalId: "invoice-2026-120" });
  const { items } = await world.v1("GET", "/activations?userId=anna");
  const activation: string = items[0].id;
  return { decider, callbackId, approved, pending, container, activation, devices: { anna, bert } };
}

async function containerOf(world: World, userId: string): Promise<string> {
  await world.v1("PUT", "/device-types/phone", { applicationId: application });
  const { offer } = await world.v1("POST", "/offers", { userId, deviceType: "phone" });
  await enrolDevice({ url: world.server.publicUrl, offer });
  const { items } = await world.v1("GET", `/containers?userId=${userId}`);
  return items[0].id;
}

function displayTexts(title: string, message: string, amount: string) {
  return {
    title,
    message,
    attributes: [
      { id: "amount", type: "AMOUNT", text: amount, params: { amount: "amount", currency: "currency" } },
      { id: "iban", type: "KEY_VALUE", text: "IBAN", params: { value: "iban" } },
      { id: "note", type: "NOTE", text: "Note", params: { note: "note" } },
    ],
    ui: {
      preApprovalScreen: {
        type: "WARNING",
        heading: "Is somebody on the phone with you?",
        message: "Our people never ask you to approve a payment.",
        items: ["Hang up when a caller asks for it.", "Call the number on your card."],
      },
    },
  };
}

export interface ConsolePage {
  readonly page: Page;
  /** What the browser complained of, and what was asked of other hosts. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

export async function openConsole(
  { browser, world }: Pick<ConsoleScene, "browser" | "world">,
  size: Size,
): Promise<ConsolePage> {
  const context = await browser.newContext({
    viewport: sizes[size],
    reducedMotion: "reduce",
    locale: "en-GB",
    timezoneId: "Europe/Prague",
    acceptDownloads: true,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    // A refused request is told there too; whether it should have been, the test says.
    if (message.type() === "error" && !/status of 4\d\d/.test(message.text())) complaints.push(message.text());
  });
  page.on("request", (request) => {
    if (!/^(data:|blob:)/.test(request.url()) && !request.url().startsWith(world.server.privateUrl)) {
      complaints.push(request.url());
    }
  });
  await page.goto(`${world.server.privateUrl}/console/`);
  return { page, complaints, close: () => context.close() };
}

export async function signIn(page: Page, { clientId, clientSecret }: { clientId: string; clientSecret: string }) {
  await page.getByLabel("API client").fill(clientId);
  await page.getByLabel("Secret").fill(clientSecret);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
}

/** Goes to a view by its address and waits until it shows this heading. */
export async function visit(page: Page, address: string, heading: string | RegExp): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(address)}`);
  await page.getByRole("heading", { level: 1, name: heading }).waitFor();
  await page.locator(".waiting").first().waitFor({ state: "detached" });
}
