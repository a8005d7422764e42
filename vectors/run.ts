/**
 * `npm run vectors -- DIR`: checks every `*.json` directly in DIR on both providers. Says what differs, row by row; the
 * last line is `N passed, N failed`. Exit code 0 only when there were rows and all of them passed.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { checkFile } from "./file.ts";

const [directory, ...others] = process.argv.slice(2);
if (directory === undefined || others.length > 0) {
  console.error("usage: npm run vectors -- DIR");
  process.exit(2);
}

let passed = 0;
let failed = 0;
for (const name of filesIn(directory)) {
  const result = checkFile(name, readFileSync(join(directory, name), "utf8"));
  passed += result.passed;
  failed += result.failed;
  console.log(`${name}: ${result.passed} passed, ${result.failed} failed`);
  for (const failure of result.failures) console.log(`  ${name} ${failure}`);
}
if (passed + failed === 0) console.log(`no vectors in ${directory}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = passed > 0 && failed === 0 ? 0 : 1;

function filesIn(path: string): string[] {
  try {
    return readdirSync(path)
      .filter((name) => name.endsWith(".json"))
      .sort();
  } catch {
    console.error(`cannot read the directory ${path}`);
    return [];
  }
}
