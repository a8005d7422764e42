/** What every campaign is given and what it gives back. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Violation } from "./checker.ts";
import type { Dice } from "./dice.ts";
import type { StoreName } from "./fleet.ts";
import type { History } from "./history.ts";
import type { Progress } from "./progress.ts";

export interface Run {
  readonly store: StoreName;
  /** How much of it, in the unit of the campaign. */
  readonly n: number;
  /** An empty database of its own; PostgreSQL only. */
  readonly database?: string | undefined;
  readonly dice: Dice;
  readonly progress: Progress;
  /** For the server processes, such as a planted fault. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
}

export interface Outcome {
  /** What was tried and held. */
  readonly passed: number;
  readonly violations: readonly Violation[];
  /** Figures worth a line. */
  readonly notes: readonly string[];
  readonly history?: History | undefined;
}

export type Campaign = (run: Run) => Promise<Outcome>;

/** The history of a failed run, for whoever looks for the reason. Returns its path. */
export function keepHistory(name: string, outcome: Outcome): string {
  const folder = resolve(import.meta.dirname, "../../node_modules/.cache/countersign/campaigns");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.jsonl`);
  const lines = [...outcome.violations, ...(outcome.history?.entries ?? [])].map((entry) => JSON.stringify(entry));
  writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
}

/** Violations that stop a run early are one too: the run ends with what it has seen so far. */
export function brokenRun(error: unknown): Violation {
  return { rule: "run-completes", text: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
