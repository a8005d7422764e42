/** `docs/guides/display-templates.md`, run as it stands. */
import { after, before, describe, test } from "node:test";
import { type GuideWorld, openGuideWorld, runGuide } from "./run-guide.ts";

describe("the guide to what a person sees", () => {
  let world: GuideWorld;
  before(async () => {
    world = await openGuideWorld();
  });
  after(() => world.close());

  test("its program does and prints what the page says", async () => {
    await runGuide("display-templates", world.values);
  });
});
