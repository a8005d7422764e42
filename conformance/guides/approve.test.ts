/** The guides to Approve devices, run as they stand. */
import { after, before, describe, test } from "node:test";
import { type GuideWorld, openGuideWorld, runGuide } from "./run-guide.ts";

const guides = ["sign-your-first-transaction", "direct-client-signing", "move-from-an-existing-approve-app"];

describe("the guides to Approve devices", () => {
  let world: GuideWorld;
  before(async () => {
    world = await openGuideWorld();
  });
  after(() => world.close());

  for (const guide of guides) {
    test(`${guide} does and prints what the page says`, async () => {
      await runGuide(guide, world.values);
    });
  }
});
