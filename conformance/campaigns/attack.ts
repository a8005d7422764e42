/** What the attacks of `attempts` are given, and how they run their groups. */
import type { Bank } from "./bank.ts";
import type { Dice } from "./dice.ts";
import type { Fleet } from "./fleet.ts";
import type { History } from "./history.ts";

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

/** Runs `work` for each group, a few at a time. */
export async function eachGroup(n: number, work: (index: number) => Promise<void>): Promise<number> {
  let started = 0;
  const next = async (): Promise<void> => {
    while (started < n) await work(started++);
  };
  await Promise.all([next(), next(), next(), next()]);
  return n;
}
