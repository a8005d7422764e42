/**
 * `npm run campaign -- crash|power|race|attempts|planted [--n N] [--store sqlite|postgres] [--seed S]`: the long runs
 * against real processes. Progress on stderr; last line of stdout `N passed, N failed`, exit 1 unless nothing failed.
 */
import { parseArgs } from "node:util";
import { attempts } from "./attempts.ts";
import { type Campaign, keepHistory, type Outcome } from "./campaign.ts";
import { crash } from "./crash.ts";
import { seededDice } from "./dice.ts";
import type { StoreName } from "./fleet.ts";
import { closeConnections } from "./http.ts";
import { planted } from "./planted.ts";
import { power } from "./power.ts";
import { progressLine } from "./progress.ts";
import { race } from "./race.ts";
import { stopPostgres, withDatabase } from "./stores.ts";

/** With the size on each store when none is given. */
const campaigns: Readonly<Record<string, { readonly run: Campaign; readonly n: Readonly<Record<StoreName, number>> }>> =
  {
    crash: { run: crash, n: { sqlite: 200, postgres: 200 } },
    power: { run: power, n: { sqlite: 40, postgres: 40 } },
    race: { run: race, n: { sqlite: 2_000, postgres: 10_000 } },
    attempts: { run: attempts, n: { sqlite: 20, postgres: 40 } },
  };

const usage =
  "Usage: npm run campaign -- crash|power|race|attempts|planted [--n N] [--store sqlite|postgres] [--seed S]";

async function runOn(name: string, store: StoreName, n: number, seed: string): Promise<Outcome> {
  const progress = progressLine(name);
  try {
    const { run } = campaigns[name]!;
    return await withDatabase(store, n, (database) => run({ store, n, database, dice: seededDice(seed), progress }));
  } finally {
    progress.end();
  }
}

function report(name: string, store: string, seed: string, outcome: Outcome): void {
  for (const note of outcome.notes) console.log(`${name} ${store}: ${note}`);
  const groups = Map.groupBy(outcome.violations, ({ rule }) => rule);
  for (const [rule, all] of groups) {
    for (const { text } of all.slice(0, 5)) console.log(`FAILED ${name} ${store}: ${rule}: ${text}`);
    if (all.length > 5) console.log(`FAILED ${name} ${store}: ${rule}: and ${all.length - 5} more`);
  }
  if (outcome.violations.length === 0) return;
  console.log(`seed ${seed}; history in ${keepHistory(`${name}-${store}-${seed}`, outcome)}`);
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { n: { type: "string" }, store: { type: "string" }, seed: { type: "string" } },
  });
  const [name = "", ...more] = positionals;
  const n = values.n === undefined ? undefined : Number(values.n);
  const { store, seed = String(Date.now() % 1_000_000) } = values;
  const known = (name in campaigns || name === "planted") && more.length === 0;
  const sensible = (n === undefined || (Number.isInteger(n) && n > 0)) && (store === undefined || isStore(store));
  if (!known || !sensible) {
    console.error(usage);
    return 2;
  }
  console.log(`${name}: seed ${seed}`);
  let passed = 0;
  let failed = 0;
  const stores: readonly StoreName[] = store === undefined ? ["sqlite", "postgres"] : [store];
  if (name === "planted") {
    const outcome = await planted({ stores, seed, progress: progressLine(name) });
    report(name, "all", seed, outcome);
    passed = outcome.passed;
    failed = outcome.violations.length;
  } else {
    for (const one of stores) {
      const outcome = await runOn(name, one, n ?? campaigns[name]!.n[one], seed);
      report(name, one, seed, outcome);
      passed += outcome.passed;
      failed += outcome.violations.length;
    }
  }
  closeConnections();
  await stopPostgres();
  console.log(`${passed} passed, ${failed} failed`);
  return failed > 0 || passed === 0 ? 1 : 0;
}

function isStore(text: string): text is StoreName {
  return text === "sqlite" || text === "postgres";
}

if (import.meta.main) process.exitCode = await main();
