/** `docs/guides/log-in-to-the-console.md`, run as it stands, with the page's own settings. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { readFences } from "../../tools/markdown.ts";
import { type OperatorsProvider, operatorsClient, startOperatorsProvider } from "../../tools/operators-provider.ts";
import { workspace } from "../../tools/source.ts";
import { type GuideWorld, openGuideWorld, runGuide } from "./run-guide.ts";

describe("the guide to logging in to the console", () => {
  let provider: OperatorsProvider;
  let world: GuideWorld;
  before(async () => {
    provider = await startOperatorsProvider();
    const page = readFileSync(join(workspace, "docs/guides/log-in-to-the-console.md"), "utf8");
    const settings = readFences(page).find(({ language }) => language === "json");
    assert.ok(settings !== undefined);
    const { consoleUrl: _, ...shown } = JSON.parse(settings.text) as { consoleUrl: string };
    const { clientSecret } = operatorsClient;
    world = await openGuideWorld(undefined, { consoleOpenId: { ...shown, issuer: provider.issuer, clientSecret } });
    provider.open(`${world.server.privateUrl}/console/log-in/answer`);
  });
  after(async () => {
    await world?.close();
    await provider?.close();
  });

  test("its settings are taken, and its program prints what the page says", async () => {
    await runGuide("log-in-to-the-console", world.values);
  });
});
