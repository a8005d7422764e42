/**
 * `npm run fuzz -- [--n INPUTS] [--seed SEED] [--target NAME]`: broken inputs for every parser and every route, or for one
 * target. No crash, no server error, nothing accepted that the grammar excludes, none over 50 ms. The last line is
 * `N passed, N failed`; a failure says the input and the seed that make it again.
 */
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { approveTargets } from "./approve-texts.ts";
import { routeTargets } from "./routes.ts";
import { runTargets } from "./run.ts";
import { textTargets } from "./texts.ts";

const options = { n: { type: "string" }, seed: { type: "string" }, target: { type: "string" } } as const;
const { values } = parseArgs({ options });
const inputs = Number(values.n ?? 20_000);
const seed = Number(values.seed ?? randomInt(2 ** 31));
if (!Number.isSafeInteger(inputs) || inputs < 1 || !Number.isSafeInteger(seed)) {
  process.stderr.write("usage: npm run fuzz -- [--n INPUTS] [--seed SEED] [--target NAME]\n");
  process.exit(2);
}
const routes = await routeTargets();
try {
  const all = [...textTargets, ...approveTargets, ...routes.targets];
  const targets = all.filter(({ name }) => values.target === undefined || name === values.target);
  const { failed, passed } = await runTargets(targets, inputs, seed, (line) => process.stdout.write(`${line}\n`));
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
} finally {
  await routes.close();
}
