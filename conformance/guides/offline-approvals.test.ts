/** `docs/guides/offline-approvals.md`, run as it stands. */
import { after, before, describe, test } from "node:test";
import { type GuideWorld, openGuideWorld, runGuide } from "./run-guide.ts";

describe("the guide to approvals without a network", () => {
  let world: GuideWorld;
  before(async () => {
    world = await openGuideWorld();
  });
  after(() => world.close());

  test("its program scans, verifies, retypes a wrong and a right code, and prints what the page says", async () => {
    await runGuide("offline-approvals", world.values);
  });
});
