/** `docs/guides/webhooks.md`, run as it stands. */
import { after, before, describe, test } from "node:test";
import { type GuideWorld, openGuideWorld, runGuide } from "./run-guide.ts";

describe("the guide to webhooks", () => {
  let world: GuideWorld;
  before(async () => {
    world = await openGuideWorld(undefined, { outboundAllow: ["127.0.0.1/32"] });
  });
  after(() => world.close());

  test("its program is told of an operation, verifies the event and replaces the secret, and prints what the page says", async () => {
    await runGuide("webhooks", world.values);
  });
});
