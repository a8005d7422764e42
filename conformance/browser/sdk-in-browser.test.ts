/** The SDK in a real browser, against a running server of another origin: the whole flow, two tabs, and a passkey. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { addAuthenticator, bundle, noBrowser, servePage, startChromium } from "../../tools/browser.ts";
import { openWorld, payment, pin, type World } from "../world.ts";
import type { SdkHands } from "./sdk-page.ts";

declare const hands: SdkHands;

interface Site {
  readonly url: string;
  readonly configuration: string;
  readonly code: string;
  readonly pin: string;
}

describe("the SDK in Chromium", { skip: noBrowser }, () => {
  let browser: Browser;
  let pages: Awaited<ReturnType<typeof servePage>>;
  let world: World;

  before(async () => {
    const { code } = await bundle(join(import.meta.dirname, "sdk-page.ts"));
    pages = await servePage(code);
    world = await openWorld(
      { name: "sqlite", drop: async () => undefined },
      { allowedOrigins: [pages.origin], maxFailedAttempts: 5 },
    );
    browser = await startChromium();
  });
  after(async () => {
    await browser?.close();
    await world?.close();
    await pages?.close();
  });

  async function openTab(context: BrowserContext): Promise<Page> {
    const page = await context.newPage();
    await page.goto(pages.origin);
    await page.waitForFunction(() => "hands" in globalThis);
    return page;
  }

  async function prepare(userId: string): Promise<{ readonly site: Site; commit(): Promise<unknown> }> {
    const init = await world.backOffice<{
      activationId: string;
      activationCode: string;
      activationSignature: string;
    }>("/rest/v3/activation/init", { applicationId: "bank", userId });
    const site = {
      url: world.server.publicUrl,
      configuration: world.sdkConfiguration,
      code: `${init.activationCode}#${init.activationSignature}`,
      pin,
    };
    const commit = () => world.backOffice("/rest/v3/activation/commit", { activationId: init.activationId });
    return { site, commit };
  }

  /** Activates in the page; what is stored stays in the browser's profile. */
  async function activate(page: Page, userId: string): Promise<Site> {
    const { site, commit } = await prepare(userId);
    await page.evaluate(async (given) => {
      const { PowerAuth, PowerAuthActivation, PowerAuthAuthentication } = hands.sdk;
      const device = new PowerAuth("tab");
      const storage = await hands.openIndexedDbStorage();
      await device.configure(given.configuration, given.url, true, { storage });
      await device.createActivation(PowerAuthActivation.createWithActivationCode(given.code, "Browser"));
      await device.persistActivation(PowerAuthAuthentication.persistWithPassword(given.pin));
    }, site);
    await commit();
    return site;
  }

  test("activates by a signed code, checks the PIN, lists by token, approves, and gives an offline code", async () => {
    const context = await browser.newContext();
    const page = await openTab(context);
    const site = await activate(page, "brenda");
    const created = await world.bank.createOperation({ ...payment, userId: "brenda" });
    const seen = await page.evaluate(
      async ({ site: given, nonce }) => {
        const { PowerAuth, PowerAuthAuthentication, PowerAuthPassword, PowerAuthUtils } = hands.sdk;
        const device = new PowerAuth("tab");
        const status = await device.fetchActivationStatus();
        const wrong = await device.validatePassword("0000").catch((error: { code: string }) => error.code);
        await device.validatePassword(given.pin);
        const token = await device.tokenStore.requestAccessToken("list", PowerAuthAuthentication.possession());
        const { operations } = device.createMobileToken();
        const [operation] = await operations.getOperations();
        const password = await PowerAuthPassword.fromString(given.pin);
        await operations.authorize(operation!, PowerAuthAuthentication.password(password));
        const authentication = PowerAuthAuthentication.password(given.pin);
        return {
          state: status.state,
          wrong,
          token: token.tokenName,
          operation: operation!.id,
          code: await device.offlineAuthenticationCode(authentication, "/operation/authorize/offline", nonce, "a&b"),
          left: (await operations.getOperations()).length,
          system: (await PowerAuthUtils.getEnvironmentInfo()).systemName,
          protection: (await hands.openIndexedDbStorage()).protection,
        };
      },
      { site, nonce: randomBytes(16).toString("base64") },
    );
    assert.deepEqual(
      { ...seen, code: undefined, system: undefined },
      {
        state: "ACTIVE",
        wrong: "AUTHENTICATION_ERROR",
        token: "list",
        operation: created.id,
        left: 0,
        protection: "SOFTWARE",
        code: undefined,
        system: undefined,
      },
    );
    assert.match(seen.code, /^\d{8}-\d{8}$/);
    assert.notEqual(seen.system, "unknown");
    assert.equal((await world.bank.getOperation(created.id)).status, "APPROVED");
    await context.close();
  });

  test("the activation outlives the tab: another one finds it, and the right PIN still opens it", async () => {
    const context = await browser.newContext();
    const first = await openTab(context);
    const site = await activate(first, "carlo");
    await first.close();
    const second = await openTab(context);
    const found = await second.evaluate(async (given) => {
      const device = new hands.sdk.PowerAuth("tab");
      const storage = await hands.openIndexedDbStorage();
      await device.configure(given.configuration, given.url, true, { storage });
      await device.validatePassword(given.pin);
      return device.hasValidActivation();
    }, site);
    assert.equal(found, true);
    await context.close();
  });

  test("two tabs sign at once, thirty requests in all, and the server accepts each: no counter value is used twice", async () => {
    const context = await browser.newContext();
    const first = await openTab(context);
    const site = await activate(first, "dana");
    const second = await openTab(context);
    const signMany = (page: Page) =>
      page.evaluate(async (given) => {
        const device = new hands.sdk.PowerAuth("tab");
        const storage = await hands.openIndexedDbStorage();
        if (!(await device.isConfigured())) {
          await device.configure(given.configuration, given.url, true, { storage });
        }
        const calls = Array.from({ length: 15 }, () =>
          device.validatePassword(given.pin).then(
            () => "accepted",
            (error: { code: string }) => error.code,
          ),
        );
        return Promise.all(calls);
      }, site);
    const outcomes = (await Promise.all([signMany(first), signMany(second)])).flat();
    assert.deepEqual(outcomes, Array<string>(30).fill("accepted"));
    const status = await second.evaluate(() => new hands.sdk.PowerAuth("tab").fetchActivationStatus());
    assert.deepEqual({ state: status.state, failCount: status.failCount }, { state: "ACTIVE", failCount: 0 });
    await context.close();
  });

  test("a passkey is the biometry factor: added, used, keyed anew, refused, removed", async () => {
    const context = await browser.newContext();
    const page = await openTab(context);
    const { devtools, authenticatorId } = await addAuthenticator(page);
    const { site, commit } = await prepare("erik");
    await page.evaluate(async (given) => {
      const { PowerAuth, PowerAuthActivation, PowerAuthAuthentication } = hands.sdk;
      const storage = await hands.openIndexedDbStorage();
      const biometryProvider = hands.passkeyBiometry({ storage, applicationName: "Bank", userName: "Erik" });
      const device = new PowerAuth("tab");
      await device.configure(given.configuration, given.url, true, { storage, biometryProvider });
      await device.createActivation(PowerAuthActivation.createWithActivationCode(given.code, "Browser"));
      await device.persistActivation(PowerAuthAuthentication.persistWithPassword(given.pin));
    }, site);
    await commit();
    await world.bank.createOperation({ ...payment, userId: "erik" });

    const unset = await page.evaluate(async () => {
      const device = new hands.sdk.PowerAuth("tab");
      const byBiometry = hands.sdk.PowerAuthAuthentication.biometry({ promptMessage: "Pay?" });
      const code = await device
        .requestSignature(byBiometry, "POST", "/x", "{}")
        .then(() => "signed")
        .catch((error: { code: string }) => error.code);
      return { code, info: await device.getBiometryInfo(), has: await device.hasBiometryFactor() };
    });
    assert.deepEqual(unset, {
      code: "BIOMETRY_NOT_CONFIGURED",
      info: { isAvailable: true, biometryType: "GENERIC", canAuthenticate: "OK" },
      has: false,
    });

    const approved = await page.evaluate(async (given) => {
      const device = new hands.sdk.PowerAuth("tab");
      await device.addBiometryFactor(given.pin, { promptMessage: "Remember this device" });
      const { operations } = device.createMobileToken();
      const [operation] = await operations.getOperations();
      const prompt = { promptMessage: "Pay?", promptTitle: "Bank" };
      await operations.authorize(operation!, hands.sdk.PowerAuthAuthentication.biometry({ biometricPrompt: prompt }));
      return { id: operation!.id, available: await device.isAuthenticationWithBiometricsAvailable() };
    }, site);
    assert.equal(approved.available, true);
    assert.equal((await world.bank.getOperation(approved.id)).status, "APPROVED");

    // Keyed anew: the same passkey, another key, and it still signs.
    const rekeyed = await page.evaluate(async (given) => {
      const device = new hands.sdk.PowerAuth("tab");
      await device.addBiometryFactor(given.pin, { promptMessage: "Again" });
      const byBiometry = hands.sdk.PowerAuthAuthentication.biometry({ promptMessage: "Key?" });
      return device.fetchActivationStatus().then(async ({ state }) => {
        await device.tokenStore.requestAccessToken("by-biometry", byBiometry);
        return state;
      });
    }, site);
    assert.equal(rekeyed, "ACTIVE");
    const { credentials } = await devtools.send("WebAuthn.getCredentials", { authenticatorId });
    assert.equal(credentials.length, 1, "keying anew makes no second passkey");

    // The authenticator does not recognise the person: nothing is signed, the server hears nothing.
    await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
    const refused = await page.evaluate(async () => {
      const device = new hands.sdk.PowerAuth("tab");
      const byBiometry = hands.sdk.PowerAuthAuthentication.biometry({ promptMessage: "Pay?" });
      const code = await device.requestSignature(byBiometry, "POST", "/x", "{}").then(
        () => "signed",
        (error: { code: string }) => error.code,
      );
      return { code, failCount: (await device.fetchActivationStatus()).failCount };
    });
    assert.deepEqual(refused, { code: "BIOMETRY_CANCEL", failCount: 0 });
    await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: true });

    const removed = await page.evaluate(async () => {
      const device = new hands.sdk.PowerAuth("tab");
      await device.removeBiometryFactor();
      const byBiometry = hands.sdk.PowerAuthAuthentication.biometry({ promptMessage: "Pay?" });
      const code = await device.requestSignature(byBiometry, "POST", "/x", "{}").then(
        () => "signed",
        (error: { code: string }) => error.code,
      );
      const storage = await hands.openIndexedDbStorage();
      return { code, has: await device.hasBiometryFactor(), record: (await storage.get("tab/passkey")) !== undefined };
    });
    assert.deepEqual(removed, { code: "BIOMETRY_NOT_CONFIGURED", has: false, record: false });
    await context.close();
  });

  test("an authenticator without PRF is BIOMETRY_NOT_SUPPORTED, and the PIN goes on working", async () => {
    const context = await browser.newContext();
    const page = await openTab(context);
    const devtools = await context.newCDPSession(page);
    await devtools.send("WebAuthn.enable");
    await devtools.send("WebAuthn.addVirtualAuthenticator", {
      options: {
        protocol: "ctap2",
        transport: "internal",
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    const site = await activate(page, "fiona");
    const outcome = await page.evaluate(async (given) => {
      const storage = await hands.openIndexedDbStorage();
      const device = new hands.sdk.PowerAuth("tab");
      await device.deconfigure();
      const biometryProvider = hands.passkeyBiometry({ storage, applicationName: "Bank", userName: "Fiona" });
      await device.configure(given.configuration, given.url, true, { storage, biometryProvider });
      const code = await device.addBiometryFactor(given.pin, { promptMessage: "?" }).then(
        () => "added",
        (error: { code: string }) => error.code,
      );
      await device.validatePassword(given.pin);
      return { code, has: await device.hasBiometryFactor() };
    }, site);
    assert.deepEqual(outcome, { code: "BIOMETRY_NOT_SUPPORTED", has: false });
    await context.close();
  });
});
