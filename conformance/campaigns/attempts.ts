/**
 * Attacks on the count of wrong tries and on the counter, from two processes where the store takes two. `n` is the number
 * of groups of each kind; every group is one device.
 */
import type { Stage } from "./attack.ts";
import { brokenRun, type Campaign } from "./campaign.ts";
import { check, type Violation } from "./checker.ts";
import { devicesInDoubt, sameCounters } from "./attack-counters.ts";
import { guessesInBackOffice, guessesOnDevice, recordedGuesses } from "./attack-guesses.ts";
import { strangers } from "./attack-strangers.ts";
import { sameTokens } from "./attack-tokens.ts";
import { dumpOf } from "./dump.ts";
import { startFleet } from "./fleet.ts";
import { newHistory } from "./history.ts";

const attacks: Readonly<Record<string, (stage: Stage) => Promise<number>>> = {
  guessesOnDevice,
  guessesInBackOffice,
  recordedGuesses,
  sameCounters,
  sameTokens,
  devicesInDoubt,
  strangers,
};

export const attempts: Campaign = async (run) => {
  const { store, n, dice, progress } = run;
  const history = newHistory();
  const violations: Violation[] = [];
  const notes: string[] = [];
  let tried = 0;
  const fleet = await startFleet({
    processes: store === "postgres" ? 2 : 1,
    store: run.database,
    environment: run.environment,
  });
  try {
    const urls = await Promise.all(fleet.servers.map(async (server) => (await server.up()).public));
    const banks = fleet.servers.map((server) => fleet.bankOf(server));
    for (const [name, attack] of Object.entries(attacks)) {
      if (run.attacks?.includes(name) === false) continue;
      progress.show(`${store}: ${name}`);
      tried += await attack({ fleet, history, dice: dice.fork(name), n, urls, banks, notes });
    }
    violations.push(...check(history.entries, await dumpOf(fleet)));
  } catch (error) {
    violations.push(...brokenRun(error, history));
  } finally {
    await fleet.close();
  }
  return { passed: Math.max(0, tried - violations.length), violations, notes, history };
};
