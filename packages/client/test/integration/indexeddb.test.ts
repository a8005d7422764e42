/** The IndexedDB storage in a real browser: the contract of all storages, and what only a browser can show. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { bundle, noBrowser, servePage, startChromium } from "../../../../tools/browser.ts";
import type { StorageHands } from "../browser/storage-page.ts";

declare const hands: StorageHands;

describe("IndexedDB storage in Chromium", { skip: noBrowser }, () => {
  let browser: Browser;
  let site: Awaited<ReturnType<typeof servePage>>;
  let page: Page;

  const open = async (context = browser.contexts()[0]!) => {
    const opened = await context.newPage();
    await opened.goto(site.origin);
    await opened.waitForFunction(() => "hands" in globalThis);
    return opened;
  };

  before(async () => {
    const here = join(import.meta.dirname, "../browser");
    const { code } = await bundle(join(here, "storage-page.ts"), {
      "node:test": join(here, "node-test.ts"),
      "node:assert/strict": join(here, "node-assert.ts"),
    });
    site = await servePage(code);
    browser = await startChromium();
    await browser.newContext();
    page = await open();
  });
  after(async () => {
    await browser?.close();
    await site?.close();
  });

  test("keeps the whole contract of a device storage", async (t) => {
    const titles = await page.evaluate(() => hands.titles());
    assert.ok(titles.length >= 10, "the tests of a storage that can be reopened are among them");
    for (const title of titles) await t.test(title, () => page.evaluate((name) => hands.run(name), title));
  });

  test("reports that software protects it", async () => {
    assert.equal(await page.evaluate(async () => (await hands.open({ name: "protection" })).protection), "SOFTWARE");
  });

  test("a second tab sees what the first one stored, waits for its lock, and gets it when that tab is closed", async () => {
    const other = await open();
    await page.evaluate(async () => (await hands.open({ name: "tabs" })).set("a", Uint8Array.of(1, 2, 3)));
    assert.deepEqual(
      await other.evaluate(async () => Array.from((await (await hands.open({ name: "tabs" })).get("a")) ?? [])),
      [1, 2, 3],
    );
    await other.evaluate(async () => {
      const storage = await hands.open({ name: "tabs" });
      await new Promise<void>((held) => {
        void storage.withLock("l", () => {
          held();
          return new Promise(() => undefined);
        });
      });
    });
    const attempt = () =>
      page.evaluate(async () => {
        const storage = await hands.open({ name: "tabs", lockTimeout: 50 });
        return storage.withLock("l", async () => "mine").catch((error: { code: string }) => error.code);
      });
    assert.equal(await attempt(), "STORAGE_LOCKED");
    await other.close();
    assert.equal(await attempt(), "mine");
  });

  test("what lies in the database is ciphertext, its key cannot be exported, and a record under another name does not open", async () => {
    const found = await page.evaluate(async () => {
      const storage = await hands.open({ name: "look" });
      await storage.set("one", new TextEncoder().encode("a secret text"));
      const database = await new Promise<IDBDatabase>((resolve) => {
        const request = indexedDB.open("look");
        request.onsuccess = () => resolve(request.result);
      });
      const read = <T>(store: string, key: string) =>
        new Promise<T>((resolve) => {
          const request = database.transaction(store).objectStore(store).get(key);
          request.onsuccess = () => resolve(request.result as T);
        });
      const record = await read<{ ciphertext: ArrayBuffer }>("records", "one");
      const key = await read<CryptoKey>("keys", "storage");
      const transaction = database.transaction("records", "readwrite");
      transaction.objectStore("records").put(record, "two");
      await new Promise((resolve) => (transaction.oncomplete = resolve));
      return {
        readable: new TextDecoder().decode(record.ciphertext).includes("secret"),
        extractable: key.extractable,
        exported: await crypto.subtle.exportKey("raw", key).then(
          () => true,
          () => false,
        ),
        moved: await storage.get("two").then(
          () => "opened",
          (error: { code: string }) => error.code,
        ),
      };
    });
    assert.deepEqual(found, { readable: false, extractable: false, exported: false, moved: "STORAGE_UNREADABLE" });
  });

  test("two tabs that open a new database at once use one key", async () => {
    const other = await open();
    const store = (tab: Page, value: number) =>
      tab.evaluate(
        async (byte) => (await hands.open({ name: "race" })).set(`from ${byte}`, Uint8Array.of(byte)),
        value,
      );
    await Promise.all([store(page, 1), store(other, 2)]);
    const read = (tab: Page, value: number) =>
      tab.evaluate(async (byte) => (await (await hands.open({ name: "race" })).get(`from ${byte}`))?.[0], value);
    assert.equal(await read(page, 2), 2);
    assert.equal(await read(other, 1), 1);
    await other.close();
  });
});
