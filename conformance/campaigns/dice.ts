/**
 * Random choices that come from a seed: the same seed gives the same kill moments, actions and delays. What the
 * scheduler of the machine does with them is not repeatable, which is why failing runs also keep their history.
 */
import { createHash } from "node:crypto";

export interface Dice {
  /** From 0 up to, not including, 1. */
  fraction(): number;
  /** From `least` to `most`, both included. */
  integer(least: number, most: number): number;
  chance(probability: number): boolean;
  bytes(length: number): Uint8Array;
  /** Dice of their own for a part of the run, so that parts do not disturb each other's choices. */
  fork(label: string): Dice;
}

export function seededDice(seed: string): Dice {
  const start = createHash("sha256").update(seed).digest();
  // The four words of the generator sfc32.
  let [a, b, c, counter] = [0, 4, 8, 12].map((at) => start.readUInt32LE(at)) as [number, number, number, number];
  const word = (): number => {
    const result = (a + b + counter) >>> 0;
    counter = (counter + 1) >>> 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) >>> 0;
    c = (((c << 21) | (c >>> 11)) + result) >>> 0;
    return result;
  };
  const fraction = (): number => word() / 2 ** 32;
  return {
    fraction,
    integer: (least, most) => least + Math.floor(fraction() * (most - least + 1)),
    chance: (probability) => fraction() < probability,
    bytes: (length) => Uint8Array.from({ length }, () => word() >>> 24),
    fork: (label) => seededDice(`${seed}/${label}`),
  };
}
