/** The guides to the OpenID side, run as they stand. */
import { describe, test } from "node:test";
import { openGuideWorld, runGuide } from "./run-guide.ts";

describe("the guides to the OpenID side", () => {
  for (const guide of ["ciba-in-ten-minutes", "rich-authorization-requests"]) {
    test(`${guide} does and prints what the page says`, async () => {
      const world = await openGuideWorld();
      try {
        await runGuide(guide, world.values);
      } finally {
        await world.close();
      }
    });
  }
});
