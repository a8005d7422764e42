/** PINs that are easy to guess: each issue by its rule, the warning by length, and no use of a password. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  PinTestIssue,
  PowerAuthError,
  PowerAuthPassphraseMeter,
  PowerAuthPassword,
} from "../../src/mobile-token/index.ts";

const issuesOf = async (pin: string) => (await PowerAuthPassphraseMeter.testPin(pin)).issues;
const warns = async (pin: string) => (await PowerAuthPassphraseMeter.testPin(pin)).shouldWarnUserAboutWeakPin;
const wrong = (error: unknown) => error instanceof PowerAuthError && error.code === "WRONG_PARAMETER";

describe("the strength of a PIN", () => {
  const { NOT_UNIQUE, REPEATING_CHARS, PATTERN_FOUND, POSSIBLY_DATE, FREQUENTLY_USED } = PinTestIssue;
  const table: readonly [issue: PinTestIssue, has: readonly string[], hasNot: readonly string[]][] = [
    [NOT_UNIQUE, ["1111", "1212", "122112", "11223311", "12312312"], ["1231", "12332", "12341234"]],
    [REPEATING_CHARS, ["1212", "1221", "129012", "4747", "193719", "129021"], ["1231", "9173", "12131", "902817"]],
    [
      PATTERN_FOUND,
      ["123", "9753", "1234", "12349", "123789", "1234509", "12345098"].slice(1),
      ["1290", "12499", "1239054"],
    ],
    [
      POSSIBLY_DATE,
      ["3112", "1231", "2902", "1987", "2024", "311299", "123199", "29022024", "12312024"],
      ["3013", "0000", "3002", "1899", "321399", "31129999", "12345"],
    ],
    [
      FREQUENTLY_USED,
      ["1234", "4321", "0000", "2580", "1985", "123123", "456789", "147258", "9876543210"],
      ["9173", "902817", "83920174"],
    ],
  ];
  for (const [issue, has, hasNot] of table) {
    test(`${issue}: found where it is, and not where it is not`, async () => {
      for (const pin of has) assert.ok((await issuesOf(pin)).includes(issue), `${pin} has it`);
      for (const pin of hasNot) assert.ok(!(await issuesOf(pin)).includes(issue), `${pin} has it not`);
    });
  }

  test("warns by length: four digits for few or frequent ones, five for repeats as well, seven for patterns as well", async () => {
    for (const pin of ["1111", "1234", "12312", "129012", "1234509", "12345098"])
      assert.equal(await warns(pin), true, pin);
    // A pattern in six digits, a repeat in four, a date anywhere: told, and not worth a warning.
    assert.deepEqual([await issuesOf("3579"), await warns("3579")], [[PATTERN_FOUND], false]);
    assert.deepEqual([await issuesOf("2902"), await warns("2902")], [[POSSIBLY_DATE], false]);
    assert.deepEqual([await issuesOf("31081974"), await warns("31081974")], [[POSSIBLY_DATE], false]);
    assert.deepEqual([await issuesOf("9173"), await warns("9173")], [[], false]);
  });

  test("what are not 4 to 100 digits is WRONG_PARAMETER", async () => {
    for (const pin of ["", "123", "12a4", "12 4", "١٢٣٤", "-123", "1".repeat(101)]) {
      await assert.rejects(PowerAuthPassphraseMeter.testPin(pin), wrong, pin);
    }
    await PowerAuthPassphraseMeter.testPin("1".repeat(100));
    await assert.rejects(PowerAuthPassphraseMeter.testPin(1234 as unknown as string), wrong);
  });

  test("a password destroyed on use is tested as often as one likes, and is still good for its one use", async () => {
    const password = await PowerAuthPassword.fromString("1234");
    for (let round = 0; round < 3; round++) {
      assert.equal((await password.testPinStrength()).shouldWarnUserAboutWeakPin, true);
      assert.equal((await PowerAuthPassphraseMeter.testPin(password)).shouldWarnUserAboutWeakPin, true);
    }
    assert.equal(await password.length(), 4);
    password.toRawPassword();
    await assert.rejects(password.testPinStrength(), wrong, "it is empty now");
  });
});
