/** An operator logs in to the console at a real OpenID provider of another site, in a real browser, and out. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { noBrowser, startChromium } from "../../tools/browser.ts";
import { builtPages } from "../../tools/build-web.ts";
import { operatorSettings, type OperatorsProvider, startOperatorsProvider } from "../../tools/operators-provider.ts";
import { application, openWorld, type World } from "../world.ts";
import { checkPage, sizes } from "./look.ts";

describe("logging in to the console with OpenID Connect", { skip: noBrowser }, () => {
  let provider: OperatorsProvider;
  let world: World;
  let browser: Browser;
  let page: Page;
  const homeOf = () => `${world.server.privateUrl}/console/`;

  before(async () => {
    // The console is at 127.0.0.1: for a browser another site.
    provider = await startOperatorsProvider("localhost");
    const settings = operatorSettings(provider.issuer);
    const store = { name: "sqlite" as const, drop: async () => undefined };
    world = await openWorld(store, { consoleOpenId: settings }, { pages: builtPages });
    provider.open(`${homeOf()}log-in/answer`);
    browser = await startChromium();
    const context = await browser.newContext({ viewport: sizes.desktop, locale: "en-GB" });
    context.setDefaultTimeout(10_000);
    page = await context.newPage();
    await page.goto(homeOf());
  });
  after(async () => {
    await browser?.close();
    await world?.close();
    await provider?.close();
  });

  async function look(name: string): Promise<void> {
    for (const size of ["phone", "desktop"] as const) {
      await page.setViewportSize(sizes[size]);
      await checkPage(page, name);
    }
  }

  async function logIn(login: string): Promise<void> {
    await page.getByRole("button", { name: "Log in with Bank ID" }).click();
    await page.waitForURL(`${provider.issuer}/**`);
    await page.locator("input[name=login]").fill(login);
    await page.locator("input[name=password]").fill("any");
    await page.getByRole("button", { name: "Sign-in" }).click();
    await page.getByRole("button", { name: "Continue" }).click();
    await page.waitForURL(`${homeOf()}**`);
  }

  test("somebody whom no rule fits is told so, and gets no session", async () => {
    await page.getByRole("button", { name: "Log in with Bank ID" }).waitFor();
    await look("console-log-in-openid");
    await logIn("mallory");
    await page.getByRole("alert").getByText("You are known, but may not use this console.").waitFor();
    // A reload does not say it again.
    await page.waitForURL(`${homeOf()}#/`);
    await look("console-log-in-refused");
    const cookies = await page.context().cookies(homeOf());
    assert.deepEqual(
      cookies.map(({ name }) => name),
      [],
    );
  });

  test("an operator comes in with one button, sees what their group may, and the audit has their name", async () => {
    await page.context().clearCookies();
    await logIn("ada");
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    await page.locator(".who").getByText("ada").waitFor();
    assert.doesNotMatch(page.url(), /code|state/);
    await page.goBack();
    assert.doesNotMatch(page.url(), /code=|state=[\w-]{43}/);
    await page.goto(homeOf());
    await page.evaluate("location.hash = '#/applications/bank'");
    await page.getByRole("button", { name: "Stop supporting" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Stop supporting" }).click();
    await page.getByRole("button", { name: "Support again" }).waitFor();
    const { items } = await world.v1("GET", "/audit?type=application.version.unsupported");
    assert.deepEqual([items[0].subject, items[0].data.clientId], [application, `${provider.issuer}#ada`]);
  });

  test("signing out ends the session here, and says where it goes on", async () => {
    await page.getByRole("button", { name: "Sign out" }).click();
    const link = page.getByRole("link", { name: "Sign out there, too" });
    await link.waitFor();
    await look("console-signed-out");
    await link.click();
    await page.waitForURL(`${provider.issuer}/**`);
    await page.goto(homeOf());
    await page.getByRole("button", { name: "Log in with Bank ID" }).waitFor();
  });

  test("an answer that this browser did not begin is refused in words", async () => {
    await page.goto(`${homeOf()}log-in/answer?code=x&state=${"A".repeat(43)}`);
    await page.getByRole("alert").getByText("This log-in was not begun here").waitFor();
  });
});
