/** What every campaign is given and what it gives back. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Violation } from "./checker.ts";
import type { Dice } from "./dice.ts";
import type { StoreName } from "./fleet.ts";
import type { History } from "./history.ts";
import type { Progress } from "./progress.ts";

/** Parts of a campaign to run, for runs that look for one thing. */
export interface Scope {
  /** Of the attacks of `attempts`; all when absent. */
  readonly attacks?: readonly string[];
  /** Of those who race for an operation; all when absent. */
  readonly rivals?: readonly ("approve" | "reject" | "cancel")[];
  /** Share of approvals that a wrong PIN goes before. */
  readonly wrongPins?: number;
  /** How long a sync of the embedded store takes at least, so that more waits for the next one. */
  readonly syncMicroseconds?: number;
}

export interface Run extends Scope {
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

/** What stopped a run early, after what the runner had noticed until then. */
export function brokenRun(error: unknown, history: History): Violation[] {
  const odd = history.entries.filter((entry) => entry.kind === "odd");
  if (error instanceof BrokenRule) return [...odd, { rule: error.rule, text: error.message }];
  return [
    ...odd,
    { rule: "run-completes", text: error instanceof Error ? (error.stack ?? error.message) : String(error) },
  ];
}

/** A check made in passing, after which there is no going on. */

export class BrokenRule extends Error {
  readonly rule: string;

  constructor(rule: string, text: string) {
    super(text);
    this.rule = rule;
  }
}
