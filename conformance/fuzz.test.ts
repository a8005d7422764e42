/** The fuzz as CI runs it, and a fault planted for each thing that it is meant to find. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { devNull } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import fc from "fast-check";
import { plantedEnvironment } from "./campaigns/planted.ts";
import { approveTargets } from "./fuzz/approve-texts.ts";
import { faults } from "./fuzz/faults.ts";
import { routeTargets } from "./fuzz/routes.ts";
import { runTargets } from "./fuzz/run.ts";
import { pureTarget } from "./fuzz/target.ts";
import { textTargets } from "./fuzz/texts.ts";

const inputs = Number(process.env.FUZZ_RUNS ?? 20_000);
const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);

test(`${inputs} broken inputs crash nothing, and nothing is accepted that the grammar excludes (seed ${seed})`, async () => {
  const routes = await routeTargets();
  const lines: string[] = [];
  try {
    const { failed, passed } = await runTargets(
      [...textTargets, ...approveTargets, ...routes.targets],
      inputs,
      seed,
      (line) => lines.push(line),
    );
    assert.equal(failed, 0, lines.join("\n"));
    assert.ok(passed >= inputs * 0.99, lines.join("\n"));
    assert.match(lines.at(-1) ?? "", /^\d+ passed, 0 failed$/);
  } finally {
    await routes.close();
  }
});

for (const [fault, check, message] of [
  ["a crash", (n: number) => JSON.parse(n === 77 ? "{" : "1") as { accepted: true }, /JSON/],
  ["what should be refused", (n: number) => ({ accepted: true, ...(n > 50 && { wrong: "accepted" }) }), /accepted/],
  ["slowness", (n: number) => (n > 50 ? busy(80) : { accepted: false }), /took \d+/],
] as const) {
  test(`the fuzz finds ${fault}, says the input and the seed, and counts it`, async () => {
    const lines: string[] = [];
    const target = pureTarget("planted", 1, fc.nat(100), check as never);
    const { failed } = await runTargets([target], 500, 1, (line) => lines.push(line));
    assert.equal(failed, 1);
    assert.match(lines.join("\n"), message);
    assert.match(lines.join("\n"), /input \d+\n {2}seed 1, path /);
    assert.match(lines.at(-1) ?? "", /^\d+ passed, 1 failed$/);
  });
}

/** The first fault of each file; all of them in a run that asks for its own number of inputs. */
const chosen = Object.entries(faults).filter(
  ([, { file }], at, all) =>
    process.env.FUZZ_RUNS !== undefined || all.findIndex(([, other]) => other.file === file) === at,
);
for (const [fault, edit] of chosen) {
  test(`planted in a server, it is found by the fuzz of the Approve routes: ${fault}`, async () => {
    const script = join(import.meta.dirname, "fuzz/main.ts");
    const options = ["--target", "Approve routes", "--n", "5000", "--seed", "1"];
    const child = spawn(process.execPath, ["--conditions=@countersign/source", script, ...options], {
      env: { ...process.env, ...plantedEnvironment([edit], devNull) },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [said, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
    assert.match(said, /FAILED Approve routes: accepted/);
    assert.equal(code, 1);
  });
}

function busy(ms: number): { readonly accepted: boolean } {
  const end = process.threadCpuUsage().user + ms * 1000;
  while (process.threadCpuUsage().user < end);
  return { accepted: false };
}
