/** `docs/guides/first-approval.md`, run as it stands. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { readFences } from "../../tools/markdown.ts";
import { assertPrinted, type GuideWorld, openGuideWorld, runGuide } from "./run-guide.ts";

describe("the guide to the first approval", () => {
  let world: GuideWorld;
  before(async () => {
    world = await openGuideWorld();
  });
  after(() => world.close());

  test("its program asks, approves with a PIN and verifies the receipt, and prints what the page says", async () => {
    await runGuide("first-approval", world.values);
  });

  test("a program that fails does not pass: the activation code works once", async () => {
    await assert.rejects(runGuide("first-approval", world.values), /first-approval\.md~\d+\.ts failed/);
  });
});

test("what a guide promises must be printed, all of it, in order, and nothing else", () => {
  const fences = readFences("```text prints\none …\ntwo\n```\n\n```text\nnot promised\n```\n");
  assertPrinted("page.md", fences, ["one 1", "two"]);
  for (const printed of [["one 1"], ["two", "one 1"], ["one 1", "two", "three"], ["one 1", "twos"]]) {
    assert.throws(() => assertPrinted("page.md", fences, printed), /page\.md/);
  }
});
