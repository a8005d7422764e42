/**
 * Attacks on the count of wrong tries and on the counter, from two processes where the store takes two. `n` is the number
 * of groups of each kind; every group is one device.
 */
import { brokenRun, type Campaign } from "./campaign.ts";
import { check, type Violation } from "./checker.ts";
import { devicesInDoubt, sameCounters } from "./attack-counters.ts";
import { guessesInBackOffice, guessesOnDevice, recordedGuesses } from "./attack-guesses.ts";
import { strangers } from "./attack-strangers.ts";
import { sameTokens } from "./attack-tokens.ts";
import type { Dice } from "./dice.ts";
import { dumpOf } from "./dump.ts";
import { type Fleet, startFleet } from "./fleet.ts";
import { type History, newHistory } from "./history.ts";
import type { Bank } from "./bank.ts";

/** What an attack is given. What it finds goes into the history; it returns how many groups it tried. */
export interface Stage {
  readonly fleet: Fleet;
  readonly history: History;
  readonly dice: Dice;
  readonly n: number;
  /** Public addresses and the bank's connections, one for each process. */
  readonly urls: readonly string[];
  readonly banks: readonly Bank[];
  readonly notes: string[];
}

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

/** Runs `work` for each group, a few at a time. */
export async function eachGroup(n: number, work: (index: number) => Promise<void>): Promise<number> {
  let started = 0;
  const next = async (): Promise<void> => {
    while (started < n) await work(started++);
  };
  await Promise.all([next(), next(), next(), next()]);
  return n;
}
