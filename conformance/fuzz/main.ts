/**
 * `npm run fuzz -- [--n INPUTS] [--seed SEED]`: broken inputs for every parser and every route. No crash, no server
 * error, nothing accepted that the grammar excludes, none over 50 ms. The last line is `N passed, N failed`; a failure
 * says the input and the seed that make it again.
 */
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { approveTargets } from "./approve-texts.ts";
import { routeTargets } from "./routes.ts";
import { runTargets } from "./run.ts";
import { textTargets } from "./texts.ts";

const { values } = parseArgs({ options: { n: { type: "string" }, seed: { type: "string" } } });
const inputs = Number(values.n ?? 20_000);
const seed = Number(values.seed ?? randomInt(2 ** 31));
if (!Number.isSafeInteger(inputs) || inputs < 1 || !Number.isSafeInteger(seed)) {
  process.stderr.write("usage: npm run fuzz -- [--n INPUTS] [--seed SEED]\n");
  process.exit(2);
}
const routes = await routeTargets();
try {
  const { failed } = await runTargets([...textTargets, ...approveTargets, ...routes.targets], inputs, seed, (line) =>
    process.stdout.write(`${line}\n`),
  );
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  await routes.close();
}
