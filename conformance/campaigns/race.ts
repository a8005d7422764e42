/**
 * Races: for each operation a device approves, another rejects, the bank cancels and time runs out, all at once, from two
 * processes where the store takes two. Exactly one wins, and everybody is told the same. `n` is the number of operations.
 */
import { setTimeout as pause } from "node:timers/promises";
import { type Bank, dataOf, newOperation } from "./bank.ts";
import { brokenRun, type Campaign, type Run } from "./campaign.ts";
import { check, type Violation } from "./checker.ts";
import { checkRaces } from "./check-races.ts";
import { codeOf, readOperation, signDecision, submit } from "./decision.ts";
import type { Device } from "./device.ts";
import type { Dice } from "./dice.ts";
import { dumpOf } from "./dump.ts";
import { type Fleet, startFleet } from "./fleet.ts";
import { type CancelEntry, type CreateEntry, type History, newHistory } from "./history.ts";
import { isLost, memberOf } from "./http.ts";
import { summary } from "./crash.ts";

/** Users that race at the same time, each with two devices. */
const lanes = 12;

interface Lane {
  readonly rivals: NonNullable<Run["rivals"]>;
  readonly fleet: Fleet;
  readonly history: History;
  readonly dice: Dice;
  readonly userId: string;
  readonly approver: Device;
  readonly rejecter: Device;
  /** The bank's connections and public addresses, one for each process. */
  readonly banks: readonly Bank[];
  readonly urls: readonly string[];
}

export const race: Campaign = async (run) => {
  const { store, n, dice, progress } = run;
  const history = newHistory();
  const violations: Violation[] = [];
  const notes: string[] = [];
  let raced = 0;
  const fleet = await startFleet({
    processes: store === "postgres" ? 2 : 1,
    store: run.database,
    environment: run.environment,
    syncMicroseconds: run.syncMicroseconds,
  });
  try {
    const urls = await Promise.all(fleet.servers.map(async (server) => (await server.up()).public));
    const banks = fleet.servers.map((server) => fleet.bankOf(server));
    let started = 0;
    let reference = 0;
    const runLane = async (index: number): Promise<void> => {
      const userId = `user-${index}`;
      const [approver, rejecter] = [await fleet.device(userId), await fleet.device(userId)];
      const own = dice.fork(`lane ${index}`);
      const { rivals = ["approve", "reject", "cancel"] } = run;
      const lane: Lane = { rivals, fleet, history, dice: own, userId, approver, rejecter, banks, urls };
      while (started < n) {
        started += 1;
        // A deadline may pass before the server sees the request: then there is nothing to race for, and it counts for nothing.
        if (await raceOnce(lane, `race-${reference++}`)) raced += 1;
        else started -= 1;
        progress.show(`${store}: ${raced}/${n} operations`);
      }
    };
    await Promise.all(Array.from({ length: Math.min(lanes, n) }, (_, index) => runLane(index)));
    const dump = await dumpOf(fleet);
    violations.push(...check(history.entries, dump), ...checkRaces(history.entries, dump));
    const ends = Map.groupBy(dump.operations, ({ status }) => status);
    notes.push([...ends].map(([status, rows]) => `${rows.length} ${status}`).join(", "));
  } catch (error) {
    violations.push(...brokenRun(error, history));
  } finally {
    await fleet.close();
  }
  const broken = new Set(violations.map(({ text }) => text.split(":")[0])).size;
  return {
    passed: Math.max(0, raced - broken),
    violations,
    notes: [summary(run, history.entries.length), ...notes],
    history,
  };
};

/** False when the operation was refused. */
async function raceOnce(lane: Lane, reference: string): Promise<boolean> {
  const { history, dice, banks, urls, approver, rejecter } = lane;
  const expiresIn = dice.chance(0.4) ? dice.integer(8, 60) : undefined;
  const operation = await create(lane, reference, expiresIn);
  if (operation === undefined) return false;
  const turn = dice.integer(0, urls.length - 1);
  const at = (index: number): number => (turn + index) % urls.length;
  // With a deadline the rivals spread over the time until shortly after it; without, they come together or nearly so.
  const spread = expiresIn === undefined ? dice.integer(0, 3) : expiresIn + 10;
  const soon = async <T>(work: () => Promise<T>): Promise<T> => {
    if (spread > 0) await pause(dice.fraction() * spread);
    return work();
  };
  const decide = async (action: "approve" | "reject", device: Device, url: string): Promise<void> => {
    const pin = action === "approve" ? "right" : "none";
    const signed = signDecision(device, action, operation, dataOf(reference), pin);
    await submit(url, history, device, { operation, action, pin, signed });
  };
  const rivals = {
    approve: () => decide("approve", approver, urls[at(0)]!),
    reject: () => decide("reject", rejecter, urls[at(1)]!),
    // Somebody at the bank pressed twice.
    cancel: () => Promise.all([cancel(banks[at(0)]!, history, operation), cancel(banks[at(1)]!, history, operation)]),
  };
  await Promise.all([
    ...lane.rivals.map((name) => soon<unknown>(rivals[name])),
    ...banks.map((bank) => soon(() => readOperation(bank, history, operation))),
  ]);
  await readOperation(banks[at(1)]!, history, operation);
  return true;
}

/** Now and then the bank sends the same request several times at once: they must make one operation. */
async function create(lane: Lane, reference: string, expiresIn: number | undefined): Promise<string | undefined> {
  const { fleet, history, dice, banks, userId } = lane;
  const copies = dice.chance(0.15) ? 4 : 1;
  const expiresAt = expiresIn === undefined ? undefined : Date.now() + expiresIn;
  const body = newOperation(fleet.app, userId, reference, expiresAt);
  const made = await Promise.all(
    Array.from({ length: copies }, async (_, index) => {
      const bank = banks[index % banks.length]!;
      const entry = history.begin<CreateEntry>({ kind: "create", key: reference });
      const answer = await bank.call("POST", "/v1/operations", body, { "idempotency-key": reference });
      if (isLost(answer)) return undefined;
      history.answer(entry, answer.status, codeOf(answer));
      // The deadline may be over before the request arrives.
      if (answer.status === 400 && expiresIn !== undefined) return undefined;
      if (answer.status !== 201) {
        history.odd("create-accepted", `${reference}: ${JSON.stringify(answer)}`);
        return undefined;
      }
      entry.operation = memberOf(answer.json, "id") as string;
      return entry.operation;
    }),
  );
  return made.find((id) => id !== undefined);
}

async function cancel(bank: Bank, history: History, operation: string): Promise<void> {
  const entry = history.begin<CancelEntry>({ kind: "cancel", operation });
  const answer = await bank.call("POST", `/v1/operations/${operation}/cancel`, {});
  if (!isLost(answer)) history.answer(entry, answer.status, codeOf(answer));
}
