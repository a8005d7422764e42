/** `docs/guides/embed-approval-in-your-own-web-app.md`, run as it stands. */
import { describe, test } from "node:test";
import { openGuideWorld, runGuide } from "./run-guide.ts";

describe("the guide to approval in one's own web app", () => {
  test("its program connects, shows, refuses a wrong PIN and approves, and prints what the page says", async () => {
    const world = await openGuideWorld();
    try {
      await runGuide("embed-approval-in-your-own-web-app", world.values);
    } finally {
      await world.close();
    }
  });
});
