/** `/docs` in a real browser: asks for credentials, shows both documents, breaks no rule of its own policy. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { serve, type RunningServer } from "@countersign/server/main";
import type { Browser, Page } from "playwright-core";
import { noBrowser, startChromium } from "../tools/browser.ts";

let data: string;
let server: RunningServer;
let browser: Browser;

before(async () => {
  if (noBrowser !== undefined) return;
  data = mkdtempSync(join(tmpdir(), "countersign-docs-"));
  server = await serve({ dataDirectory: data, log: "silent", config: { port: 0, privatePort: 0 }, environment: {} });
  browser = await startChromium();
});
after(async () => {
  if (noBrowser !== undefined) return;
  await browser.close();
  await server.close();
  rmSync(data, { recursive: true, force: true });
});

/** A page, and everything it complained of or asked another host for. */
async function openPage(): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && !/status of 401/.test(message.text())) complaints.push(message.text());
  });
  page.on("request", (request) => {
    if (!/^(data:|blob:)/.test(request.url()) && !request.url().startsWith(server.privateUrl))
      complaints.push(request.url());
  });
  await page.goto(`${server.privateUrl}/docs/`);
  return { page, complaints };
}

async function enter(page: Page, id: string, secret: string): Promise<void> {
  await page.fill("input[name=id]", id);
  await page.fill("input[name=secret]", secret);
  await page.click(".countersign-credentials button");
}

test(
  "the page shows the routes of both documents once it has credentials, and takes everything from here",
  { skip: noBrowser },
  async () => {
    const { clientId = "", clientSecret = "" } = JSON.parse(readFileSync(server.bootstrapPath, "utf8")) as Record<
      string,
      string
    >;
    const { page, complaints } = await openPage();
    assert.equal(await page.locator(".opblock").count(), 0);
    await enter(page, clientId, clientSecret);
    await page.waitForSelector(".opblock");
    const shown = await page.locator(".opblock-summary-path").allTextContents();
    assert.ok(
      shown.some((path) => path.replaceAll("\u200b", "").includes("/v1/operations")),
      shown.join(),
    );
    await page.selectOption("select", { index: 1 });
    await page.locator(".info .title", { hasText: "/rest/v3" }).waitFor();
    await page.waitForSelector(".opblock");
    assert.deepEqual(complaints, []);
    await page.close();
  },
);

test("wrong credentials show nothing, and are asked for again", { skip: noBrowser }, async () => {
  const { page } = await openPage();
  await enter(page, "nobody", "wrong");
  await page.waitForSelector(".loading-container .failed-config, .errors-wrapper, .failed-config");
  assert.equal(await page.locator(".opblock").count(), 0);
  await page.selectOption("select", { index: 1 });
  await page.waitForSelector(".countersign-credentials");
  await page.close();
});
