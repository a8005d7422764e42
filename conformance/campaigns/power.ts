/**
 * Power cuts, apart from kills, because what a killed process had not synced survives it in the system's memory.
 *
 * Embedded store: the disk that forgets (shim.ts); the server is killed and every file put back to its last sync. The disk
 * is slow and every other kill comes with an answer, so that an answer before its sync is found out.
 * PostgreSQL: the postmaster of a cluster of our own is stopped with `-m immediate` under load. Its WAL writer hardly
 * ever wakes up, so that nothing but the commits themselves writes what they acknowledge; and it is set up not to wait
 * for the disk, which the server has to overrule.
 * `n` is the number of cuts.
 */
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { notFound, type Postgres, startTemporaryPostgres } from "../../tools/postgres.ts";
import { readCredentials } from "./bank.ts";
import { brokenRun, type Campaign, type Outcome, type Run } from "./campaign.ts";
import { check, type Violation } from "./checker.ts";
import { devices, summary } from "./crash.ts";
import { dumpOf } from "./dump.ts";
import { type Fleet, startFleet } from "./fleet.ts";
import { type History, newHistory } from "./history.ts";
import { approvingDevices } from "./load.ts";
import { forgetfulDisk, whyNoShim } from "./shim.ts";
import { removeFolder, temporaryFolder } from "./temporary.ts";

const mostAnswers = 40;
const slowSyncMicroseconds = 4_000;

export const power: Campaign = (run) => (run.store === "sqlite" ? powerOfDisk(run) : powerOfPostgres(run));

async function powerOfDisk(run: Run): Promise<Outcome> {
  const missing = whyNoShim();
  if (missing !== undefined) return { passed: 0, violations: [], notes: [`${missing}, ${run.n} skipped`] };
  const base = temporaryFolder("power");
  const disk = forgetfulDisk(join(base, "data"), slowSyncMicroseconds);
  const environment = { ...run.environment, ...disk.environment };
  const history = newHistory();
  try {
    const fleet = await startFleet({ processes: 1, environment, dataDirectory: join(base, "data") });
    return await cutRepeatedly(run, fleet, history, async (round) => {
      const [server] = fleet.servers as [Fleet["servers"][number]];
      if (round % 2 === 1) await pause(run.dice.fraction() * 4);
      await server.kill("SIGKILL");
      disk.cutPower();
      const { bootstrap } = await server.start();
      readCredentials(bootstrap);
    });
  } catch (error) {
    return { passed: 0, violations: brokenRun(error, history), notes: [], history };
  } finally {
    removeFolder(base);
  }
}

async function powerOfPostgres(run: Run): Promise<Outcome> {
  const history = newHistory();
  const cluster = await startTemporaryPostgres({
    wal_writer_delay: "10000ms",
    checkpoint_timeout: "1h",
    autovacuum: "off",
    synchronous_commit: "off",
  });
  if (cluster === undefined) return { passed: 0, violations: [], notes: [notFound(run.n)] };
  try {
    return await powerOfCluster(run, cluster, history);
  } catch (error) {
    return { passed: 0, violations: brokenRun(error, history), notes: [], history };
  } finally {
    await cluster.remove();
  }
}

async function powerOfCluster(run: Run, cluster: Postgres, history: History): Promise<Outcome> {
  const fleet = await startFleet({ processes: 1, store: cluster.url, environment: run.environment });
  return cutRepeatedly(run, fleet, history, async () => {
    await pause(run.dice.fraction() * 4);
    await cluster.stop("immediate");
    await cluster.restart();
  });
}

/** Load, cut, load again, `n` times; closes the fleet. */
async function cutRepeatedly(
  run: Run,
  fleet: Fleet,
  history: History,
  cut: (round: number) => Promise<void>,
): Promise<Outcome> {
  const { store, n, dice, progress } = run;
  const violations: Violation[] = [];
  let cuts = 0;
  try {
    const { wrongPins } = run;
    const load = approvingDevices({
      fleet,
      devices: await devices(fleet),
      history,
      dice: dice.fork("load"),
      wrongPins,
    });
    for (; cuts < n; cuts++) {
      await load.answers(dice.integer(1, mostAnswers));
      await cut(cuts);
      progress.show(`${store}: ${cuts + 1}/${n} power cuts, ${load.answered} answers`);
    }
    await load.stop();
    violations.push(...check(history.entries, await dumpOf(fleet)));
  } catch (error) {
    violations.push(...brokenRun(error, history));
  } finally {
    await fleet.close();
  }
  const notes = [summary(run, history.entries.length)];
  return { passed: violations.length === 0 ? cuts : 0, violations, notes, history };
}
