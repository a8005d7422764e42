/**
 * Tests of the tests: every fault of faults.ts is planted into the servers of a small campaign, which must then fail, and
 * by a rule that the fault breaks. Before that the same campaigns pass without a fault.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { attempts } from "./attempts.ts";
import type { Campaign, Outcome, Run } from "./campaign.ts";
import type { Violation } from "./checker.ts";
import { seededDice } from "./dice.ts";
import { type Edit, type Fault, faults } from "./faults.ts";
import type { StoreName } from "./fleet.ts";
import { power } from "./power.ts";
import type { Progress } from "./progress.ts";
import { race } from "./race.ts";
import { withDatabase } from "./stores.ts";
import { removeFolder, temporaryFolder } from "./temporary.ts";

export interface PlantedRun {
  readonly stores: readonly StoreName[];
  readonly seed: string;
  readonly progress: Progress;
}

const campaigns: Readonly<Record<Fault["campaign"], Campaign>> = { power, race, attempts };
const packages = join(import.meta.dirname, "../../packages");
const quiet: Progress = { show: () => undefined, note: () => undefined, end: () => undefined };

/** Whether it was caught, and by what; the reason otherwise. */
export interface Catch {
  readonly caught: boolean;
  readonly text: string;
}

export async function plant(name: string, seed: string): Promise<Catch> {
  const fault = faults[name]!;
  for (const { file, find } of fault.edits) {
    const times = readFileSync(join(packages, file), "utf8").split(find).length - 1;
    if (times !== 1) return { caught: false, text: `the fault is broken: ${file} has its text ${times} times` };
  }
  const folder = temporaryFolder("planted");
  const log = join(folder, "log");
  try {
    const outcome = await runCampaign(fault, seed, plantedEnvironment(fault.edits, log));
    const made = readFileSync(log, "utf8");
    const missing = fault.edits.find(({ find }) => !made.includes(find));
    if (missing !== undefined) return { caught: false, text: `the fault is broken: nobody loads ${missing.file}` };
    return caughtBy(fault, outcome.violations);
  } finally {
    removeFolder(folder);
  }
}

/** For a process that loads the sources with these edits, and notes in the file `log` which it made. */
export function plantedEnvironment(edits: readonly Edit[], log: string): Readonly<Record<string, string>> {
  return {
    COUNTERSIGN_PLANTED: JSON.stringify(edits),
    COUNTERSIGN_PLANTED_LOG: log,
    NODE_OPTIONS: `--import=${pathToFileURL(join(import.meta.dirname, "plant.ts")).href}`,
  };
}

function caughtBy(fault: Fault, violations: readonly Violation[]): Catch {
  const found = [...new Set(violations.map(({ rule }) => rule))];
  const right = found.filter((rule) => fault.rules.includes(rule));
  if (right.length > 0) return { caught: true, text: right.join(", ") };
  const instead = found.length === 0 ? "nothing was noticed" : `only ${violations[0]!.rule}: ${violations[0]!.text}`;
  return { caught: false, text: instead };
}

function runCampaign(fault: Fault, seed: string, environment?: Readonly<Record<string, string>>): Promise<Outcome> {
  const { edits: _edits, rules: _rules, campaign, ...sized } = fault;
  return withDatabase(fault.store, fault.n, (database) => {
    const run: Run = { ...sized, database, environment, dice: seededDice(seed), progress: quiet };
    return campaigns[campaign](run);
  });
}

export async function planted({ stores, seed, progress }: PlantedRun): Promise<Outcome> {
  const chosen = Object.entries(faults).filter(([, { store }]) => stores.includes(store));
  const violations: Violation[] = [];
  const notes: string[] = [];
  let passed = 0;
  const note = (text: string): void => {
    progress.note(text);
    notes.push(text);
  };
  const sound = Map.groupBy(chosen, ([, { campaign, store }]) => `${campaign} on ${store}`);
  for (const [name, [first]] of sound) {
    const { attacks: _attacks, rivals: _rivals, ...whole } = first![1];
    const outcome = await runCampaign(whole, seed);
    if (outcome.violations.length === 0) passed += 1;
    violations.push(...outcome.violations);
    note(`without a fault: ${name}: ${outcome.violations.length === 0 ? "passes" : "FAILS"}`);
  }
  for (const [name] of chosen) {
    const { caught, text } = await plant(name, seed);
    if (caught) passed += 1;
    else violations.push({ rule: "fault-caught", text: `${name}: ${text}` });
    note(`${name}: ${caught ? "caught by" : "NOT CAUGHT:"} ${text}`);
  }
  return { passed, violations, notes };
}
