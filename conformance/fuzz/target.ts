/** One thing that is fuzzed, and what came of it. */
import fc from "fast-check";
import { mostMs, timed } from "../../tools/fuzz/inputs.ts";

export interface Target {
  readonly name: string;
  /** Part of all inputs that is for this one. */
  readonly share: number;
  run(inputs: number, seed: number): Promise<Outcome>;
}

export interface Outcome {
  readonly passed: number;
  readonly failures: readonly string[];
  /** Inputs that were accepted: a fuzz that only sees refusals sees little. */
  readonly accepted: number;
  readonly slowest: { readonly ms: number; readonly input: string };
}

/** What a check says of one input: undefined when all is well. */
export interface Verdict {
  readonly accepted: boolean;
  readonly wrong?: string;
}

/** A function without side effects: it is run again where it was slow, and after a failure for a smaller input. */
export function pureTarget<Input>(
  name: string,
  share: number,
  inputs: fc.Arbitrary<Input>,
  check: (input: Input) => Verdict,
): Target {
  return {
    name,
    share,
    async run(numRuns, seed) {
      let accepted = 0;
      let slowest = { ms: 0, input: "" };
      const property = fc.property(inputs, (input) => {
        const { result, ms } = timed(() => check(input));
        if (ms > slowest.ms) slowest = { ms, input: shortened(input) };
        if (result.accepted) accepted++;
        if (result.wrong !== undefined) throw new Error(result.wrong);
        if (ms > mostMs) throw new Error(`took ${ms} ms`);
      });
      const details = fc.check(property, { numRuns, seed });
      if (!details.failed) return { passed: numRuns, failures: [], accepted, slowest };
      const [input] = details.counterexample ?? [];
      const error = details.errorInstance instanceof Error ? details.errorInstance.message : "";
      const failure = `${error}\n  input ${shortened(input, 2000)}\n  seed ${seed}, path ${details.counterexamplePath}`;
      return { passed: details.numRuns - 1, failures: [failure], accepted, slowest };
    },
  };
}

export function shortened(input: unknown, most = 120): string {
  const text = JSON.stringify(input) ?? "undefined";
  return text.length <= most ? text : `${text.slice(0, most)}… (${text.length} characters)`;
}
