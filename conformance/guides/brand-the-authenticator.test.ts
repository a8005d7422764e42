/** The guide "Brand the authenticator", done as it says: its files, its command, and the page that comes of it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { noBrowser, startChromium } from "../../tools/browser.ts";
import { readFences } from "../../tools/markdown.ts";
import { workspace } from "../../tools/source.ts";
import { openWorld } from "../world.ts";

describe("guide: brand the authenticator", { skip: noBrowser }, () => {
  test("name, colours and PIN of the page are the bank's, and what it left out is ours", async () => {
    const folder = mkdtempSync(join(tmpdir(), "countersign-guide-"));
    const fences = readFences(readFileSync(join(workspace, "docs/guides/brand-the-authenticator.md"), "utf8"));
    const fence = (language: string) => fences.find((one) => one.language === language)!.text;
    mkdirSync(join(folder, "acme/public"), { recursive: true });
    writeFileSync(join(folder, "acme/brand.ts"), fence("ts"));
    writeFileSync(join(folder, "acme/brand.css"), fence("css"));
    writeFileSync(join(folder, "acme/public/manifest.webmanifest"), fence("json"));
    const [command = ""] = fence("sh").split("\n");
    const [, options = ""] = command.split(" -- ");
    const args = options.replaceAll("./", `${folder}/`).split(" ");
    const child = spawn(process.execPath, [join(workspace, "tools/build-web.ts"), ...args], { stdio: "inherit" });
    assert.deepEqual(await once(child, "exit"), [0, null]);

    const store = { name: "sqlite", drop: async () => undefined };
    const world = await openWorld(store, {}, { pages: join(folder, "acme-pages") });
    const browser = await startChromium();
    try {
      const page = await browser.newPage({ colorScheme: "light" });
      await page.goto(`${world.server.publicUrl}/authenticator/`);
      const main = page.getByRole("button", { name: "Scan the QR code" });
      await main.waitFor();
      assert.match(await page.title(), /^Acme Bank/);
      assert.equal(await main.evaluate((one) => getComputedStyle(one).backgroundColor), "rgb(122, 31, 92)");
      const manifest = await fetch(`${world.server.publicUrl}/authenticator/manifest.webmanifest`);
      assert.equal(((await manifest.json()) as { name: string }).name, "Acme Bank");
      assert.equal((await fetch(`${world.server.publicUrl}/authenticator/icon-512.png`)).status, 200);
    } finally {
      await browser.close();
      await world.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
