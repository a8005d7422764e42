/** `npm run bench -- NAME [--json]`: figures for people, then one JSON object with the ratios on the last line. */
import { approveBench } from "./approve.ts";
import { approveEs256Bench } from "./approve-es256.ts";
import { cibaBench } from "./ciba.ts";
import { authenticatorBench } from "./authenticator.ts";
import { mobileTokenBench } from "./mobile-token.ts";

type Bench = (say: (line: string) => void) => Promise<Record<string, number | null>>;

const benches: Readonly<Record<string, Bench>> = {
  approve: approveBench,
  "approve-es256": approveEs256Bench,
  ciba: cibaBench,
  authenticator: authenticatorBench,
  "mobile-token": mobileTokenBench,
};

const [name = "", ...flags] = process.argv.slice(2);
const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
if (bench === undefined || flags.some((flag) => flag !== "--json")) {
  process.stderr.write(`usage: npm run bench -- ${Object.keys(benches).join("|")} [--json]\n`);
  process.exit(2);
}
const out = flags.includes("--json") ? process.stderr : process.stdout;
const ratios = await bench((line) => out.write(`${line}\n`));
const rounded = Object.fromEntries(
  Object.entries(ratios).map(([key, value]) => [key, value === null ? null : Number(value.toFixed(2))]),
);
process.stdout.write(`${JSON.stringify({ bench: name, ratios: rounded })}\n`);
