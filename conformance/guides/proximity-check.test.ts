/** `docs/guides/proximity-check.md`, run as it stands. */
import { after, before, describe, test } from "node:test";
import { type GuideWorld, openGuideWorld, runGuide } from "./run-guide.ts";

describe("the guide to the proximity check", () => {
  let world: GuideWorld;
  before(async () => {
    world = await openGuideWorld();
  });
  after(() => world.close());

  test("its program does and prints what the page says", async () => {
    await runGuide("proximity-check", world.values);
  });
});
