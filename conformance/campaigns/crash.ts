/**
 * Kills: a server process dies at a random moment under approving devices and comes back, over and over. What was
 * acknowledged must be there, nothing twice. `n` is the number of kills. PostgreSQL: two processes, one of which dies.
 */
import { setTimeout as pause } from "node:timers/promises";
import { brokenRun, type Campaign, type Run } from "./campaign.ts";
import { check, type Violation } from "./checker.ts";
import type { Device } from "./device.ts";
import { dumpOf } from "./dump.ts";
import { type Fleet, startFleet } from "./fleet.ts";
import { newHistory } from "./history.ts";
import { approvingDevices } from "./load.ts";

export const deviceCount = 16;
/** A kill comes after this many answers since the last start, and up to this many ms later. */
const mostAnswers = 60;
const mostJitter = 4;

export const crash: Campaign = async (run) => {
  const { store, n, dice, progress } = run;
  const history = newHistory();
  const violations: Violation[] = [];
  const fleet = await startFleet({
    processes: store === "postgres" ? 2 : 1,
    store: run.database,
    environment: run.environment,
  });
  let kills = 0;
  let slowest = 0;
  try {
    const { wrongPins } = run;
    const load = approvingDevices({
      fleet,
      devices: await devices(fleet),
      history,
      dice: dice.fork("load"),
      wrongPins,
    });
    for (; kills < n; kills++) {
      await load.answers(dice.integer(1, mostAnswers));
      await pause(dice.fraction() * mostJitter);
      const victim = fleet.servers[dice.integer(0, fleet.servers.length - 1)]!;
      await victim.kill("SIGKILL");
      const killed = performance.now();
      await victim.start();
      slowest = Math.max(slowest, performance.now() - killed);
      progress.show(`${store}: ${kills + 1}/${n} kills, ${load.answered} answers`);
    }
    await load.stop();
    violations.push(...check(history.entries, await dumpOf(fleet)));
  } catch (error) {
    violations.push(...brokenRun(error, history));
  } finally {
    await fleet.close();
  }
  const notes = [summary(run, history.entries.length), `slowest start ${slowest.toFixed(0)} ms`];
  return { passed: violations.length === 0 ? kills : 0, violations, notes, history };
};

/** One user each, so that no two of them meet at an operation. */
export async function devices(fleet: Fleet, count = deviceCount): Promise<Device[]> {
  const made: Device[] = [];
  for (let at = 0; at < count; at++) made.push(await fleet.device(`user-${at}`));
  return made;
}

export function summary({ store }: Run, exchanges: number): string {
  return `${store}: ${exchanges} requests in the history`;
}
