/** Shares the inputs out, runs the targets one after the other, and says what came of each. */
import type { Target } from "./target.ts";

export async function runTargets(
  targets: readonly Target[],
  inputs: number,
  seed: number,
  say: (line: string) => void,
): Promise<{ readonly passed: number; readonly failed: number }> {
  const shares = targets.reduce((sum, { share }) => sum + share, 0);
  let passed = 0;
  let failed = 0;
  say(`seed ${seed}, ${inputs} inputs`);
  for (const target of targets) {
    const own = Math.max(1, Math.round((inputs * target.share) / shares));
    const started = performance.now();
    const outcome = await target.run(own, seed);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const { ms, input } = outcome.slowest;
    say(`${target.name}: ${outcome.passed} inputs, ${outcome.accepted} accepted, ${seconds} s`);
    say(`  slowest ${ms.toFixed(1)} ms: ${input}`);
    for (const failure of outcome.failures) say(`  FAILED ${target.name}: ${failure}`);
    passed += outcome.passed;
    failed += outcome.failures.length;
  }
  say(`${passed} passed, ${failed} failed`);
  return { passed, failed };
}
