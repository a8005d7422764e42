/**
 * Proximity codes at random, against the grammar written a second time over Node's own decoders: accepted is what it
 * has, with the values it gives, and nothing crashes or takes long.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isFailure } from "@countersign/protocol/errors";
import { parsePacCode, parsePacDeeplink } from "@countersign/protocol/operation/pac";
import fc from "fast-check";
import { fuzzRuns, inTime } from "../../../../tools/fuzz/inputs.ts";
import { expectedPac, pacCodes } from "../../../../tools/fuzz/pac.ts";

test("a code is accepted if and only if the grammar has it, with its values, in at most 50 ms (proximity check)", () => {
  let accepted = 0;
  fc.assert(
    fc.property(pacCodes, (input) => {
      const parsed = inTime(() => parsePacCode(input));
      const expected = expectedPac(input);
      if (isFailure(parsed)) assert.equal(expected, undefined, parsed.reason);
      else assert.deepEqual(parsed, expected);
      const byLink = inTime(() => parsePacDeeplink(input));
      if (isFailure(byLink)) assert.ok(isFailure(parsed) || !/^[a-z][a-z0-9+.-]*:\/\//i.test(input));
      else assert.deepEqual(byLink, expected);
      if (!isFailure(parsed)) accepted++;
    }),
    fuzzRuns,
  );
  assert.ok(accepted > fuzzRuns.numRuns / 10, `${accepted} accepted`);
});
