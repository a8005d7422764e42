/** The campaigns at small sizes, and every planted fault: `npm run campaign` runs the same at full length. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { attempts } from "./campaigns/attempts.ts";
import type { Campaign } from "./campaigns/campaign.ts";
import { crash } from "./campaigns/crash.ts";
import { seededDice } from "./campaigns/dice.ts";
import { type Fault, faults } from "./campaigns/faults.ts";
import type { StoreName } from "./campaigns/fleet.ts";
import { closeConnections } from "./campaigns/http.ts";
import { plant } from "./campaigns/planted.ts";
import { power } from "./campaigns/power.ts";
import { progressLine } from "./campaigns/progress.ts";
import { race } from "./campaigns/race.ts";
import { whyNoShim } from "./campaigns/shim.ts";
import { sharedPostgres, stopPostgres, withDatabase } from "./campaigns/stores.ts";

const seed = "campaigns.test";
const noShim = whyNoShim();
const hasPostgres = (await sharedPostgres()) !== undefined;

after(async () => {
  closeConnections();
  await stopPostgres();
});

function skipOn(store: StoreName): { readonly skip: string | false } {
  return { skip: store === "postgres" && !hasPostgres ? "PostgreSQL: not found" : false };
}

/** The disk that forgets stands under the embedded store only. */
function skipWithoutDisk(store: StoreName): { readonly skip: string | false } {
  return { skip: store === "sqlite" ? (noShim ?? false) : false };
}

function skipFault({ store, campaign, syncMicroseconds }: Fault): { readonly skip: string | false } {
  return campaign === "power" || syncMicroseconds !== undefined
    ? { skip: skipOn(store).skip || skipWithoutDisk(store).skip }
    : skipOn(store);
}

async function passes(campaign: Campaign, store: StoreName, n: number): Promise<void> {
  const progress = progressLine(store);
  const { passed, violations } = await withDatabase(store, n, (database) =>
    campaign({ store, n, database, dice: seededDice(seed), progress }),
  );
  assert.deepEqual(violations.slice(0, 10), []);
  assert.ok(passed >= n, `${passed} of ${n}`);
}

for (const store of ["sqlite", "postgres"] as const) {
  describe(`on ${store}`, skipOn(store), () => {
    test("a killed server has lost nothing it acknowledged and done nothing twice", () => passes(crash, store, 3));

    test("a power cut loses nothing that was acknowledged", skipWithoutDisk(store), () => passes(power, store, 2));

    test("of approve, reject, cancel and expiry at once exactly one wins, and all are told so", () =>
      passes(race, store, 300));

    test("the limit of wrong tries holds, and no counter, token or recorded try counts twice", () =>
      passes(attempts, store, 2));
  });
}

describe("planted faults are caught", { concurrency: 2 }, () => {
  for (const [name, fault] of Object.entries(faults)) {
    // A single power cut may come while nothing is in doubt: a fault has three chances to show itself.
    test(name, skipFault(fault), async () => {
      const texts: string[] = [];
      for (const chance of [seed, `${seed} again`, `${seed} once more`]) {
        const { caught, text } = await plant(name, chance);
        if (caught) return;
        texts.push(text);
      }
      assert.fail(texts.join("; "));
    });
  }
});
