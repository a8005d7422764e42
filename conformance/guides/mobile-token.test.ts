/** The guides for apps, each run as it stands against a server of its own. */
import { test } from "node:test";
import { openGuideWorld, runGuide } from "./run-guide.ts";

for (const name of ["approve-your-first-operation", "move-from-an-existing-mobile-token-app"]) {
  test(`the program of ${name} runs and prints what the page says`, async () => {
    const world = await openGuideWorld();
    try {
      await runGuide(name, world.values);
    } finally {
      await world.close();
    }
  });
}
