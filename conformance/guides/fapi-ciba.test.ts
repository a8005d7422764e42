/** `docs/guides/fapi-ciba-profile.md`, run as it stands. */
import { after, before, describe, test } from "node:test";
import { type GuideWorld, openGuideWorld, runGuide } from "./run-guide.ts";

describe("the guide to the FAPI-CIBA profile", () => {
  let world: GuideWorld;
  before(async () => {
    // The page knows one address: that of devices and of the issuer.
    world = await openGuideWorld(undefined, { basePath: "" });
  });
  after(() => world.close());

  test("its program registers, signs, approves and gets a bound token, and prints what the page says", async () => {
    await runGuide("fapi-ciba-profile", world.values);
  });
});
