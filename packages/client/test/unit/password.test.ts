import assert from "node:assert/strict";
import { describe, mock, test } from "node:test";
import fc from "fast-check";
import { PowerAuthError, PowerAuthPassword } from "../../src/mobile-token/index.ts";
import { activeDevice, configuredDevice, pendingDevice, pin } from "../device.ts";

const fails = (code: string) => (error: unknown) => error instanceof PowerAuthError && error.code === code;
const textOf = (password: PowerAuthPassword) => Buffer.from(password.toRawPassword()).toString();

describe("PowerAuthPassword", () => {
  test("any sequence of edits leaves what the same edits leave of an array of code points", async () => {
    const character = fc.string({ minLength: 1, maxLength: 2, unit: "binary" });
    const edit = fc.oneof(
      fc.record({ kind: fc.constant("add" as const), character }),
      fc.record({ kind: fc.constant("insert" as const), character, at: fc.nat(12) }),
      fc.record({ kind: fc.constant("remove" as const), at: fc.nat(12) }),
      fc.record({ kind: fc.constant("removeLast" as const) }),
      fc.record({ kind: fc.constant("clear" as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { maxLength: 120 }), async (edits) => {
        const password = new PowerAuthPassword(false);
        let model: string[] = [];
        for (const step of edits) {
          const inside = "at" in step && step.at <= (step.kind === "remove" ? model.length - 1 : model.length);
          const [first = ""] = "character" in step ? step.character : "";
          if (step.kind === "add") assert.equal(await password.addCharacter(step.character), model.push(first));
          else if (step.kind === "clear") await password.clear();
          else if (step.kind === "removeLast")
            assert.equal(await password.removeLastCharacter(), Math.max(0, model.length - 1));
          else if (!inside) {
            const call =
              step.kind === "insert"
                ? password.insertCharacter(step.character, step.at)
                : password.removeCharacterAt(step.at);
            await assert.rejects(call, fails("WRONG_PARAMETER"));
          } else if (step.kind === "insert") await password.insertCharacter(step.character, step.at);
          else await password.removeCharacterAt(step.at);
          if (step.kind === "clear") model = [];
          if (step.kind === "removeLast") model.pop();
          if (step.kind === "insert" && inside) model.splice(step.at, 0, first);
          if (step.kind === "remove" && inside) model.splice(step.at, 1);
        }
        assert.equal(await password.length(), model.length);
        assert.equal(await password.isEmpty(), model.length === 0);
        assert.equal(textOf(password), model.join(""));
        await password.release();
      }),
      { numRuns: 60 },
    );
  });

  test("takes code points as numbers, the first one of a string, and nothing that is none", async () => {
    const password = new PowerAuthPassword(false);
    await password.addCharacter(0x1f600);
    await password.addCharacter("žx");
    assert.equal(textOf(password), "😀ž");
    for (const wrong of ["", -1, 0x110000, 1.5, Number.NaN]) {
      await assert.rejects(password.addCharacter(wrong), fails("WRONG_PARAMETER"), String(wrong));
    }
    await password.release();
  });

  test("compares contents", async () => {
    const [a, b, c] = await Promise.all(["1234", "1234", "12345"].map((text) => PowerAuthPassword.fromString(text)));
    assert.equal(await a!.isEqualTo(b!), true);
    assert.equal(await a!.isEqualTo(c!), false);
    await assert.rejects(a!.isEqualTo("1234" as never), fails("WRONG_PARAMETER"));
  });

  test("destroyed on use: the bytes are gone after the first use, and an edit starts anew and tells so", async () => {
    const cleanup = mock.fn();
    const password = await PowerAuthPassword.fromString("1234", true, cleanup);
    assert.equal(textOf(password), "1234");
    assert.throws(() => password.toRawPassword(), fails("INVALID_NATIVE_OBJECT"));
    assert.equal(cleanup.mock.callCount(), 0);
    assert.equal(await password.addCharacter("9"), 1);
    assert.equal(cleanup.mock.callCount(), 1);
    assert.equal(textOf(password), "9");
  });

  test("released: an edit starts anew without telling", async () => {
    const cleanup = mock.fn();
    const password = await PowerAuthPassword.fromString("1234", false, cleanup);
    await password.release();
    assert.equal(await password.length(), 0);
    assert.equal(cleanup.mock.callCount(), 0);
  });

  test("idle for five minutes it is gone; every call but release begins them anew", async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      const password = await PowerAuthPassword.fromString("1234", false);
      mock.timers.tick(299_999);
      assert.equal(await password.length(), 4);
      mock.timers.tick(299_999);
      assert.equal(textOf(password), "1234");
      mock.timers.tick(300_000);
      assert.throws(() => password.toRawPassword(), fails("INVALID_NATIVE_OBJECT"));
      const short = await PowerAuthPassword.fromString("1234", false, undefined, undefined, 10);
      mock.timers.tick(10);
      assert.throws(() => short.toRawPassword(), fails("INVALID_NATIVE_OBJECT"));
    } finally {
      mock.timers.reset();
    }
  });

  test("owned by an instance it ends with it", async () => {
    const { powerAuth, peer, environment } = await configuredDevice();
    const password = powerAuth.createPassword(false);
    await password.addCharacter("1");
    await powerAuth.deconfigure();
    await assert.rejects(password.length(), fails("INSTANCE_NOT_CONFIGURED"));
    assert.throws(() => password.toRawPassword(), fails("INSTANCE_NOT_CONFIGURED"));
    await powerAuth.configure(peer.configuration, {}, {}, {}, undefined, environment);
    assert.throws(() => password.toRawPassword(), fails("INVALID_NATIVE_OBJECT"));
    assert.equal(await password.addCharacter("2"), 1);
  });

  test("is not used up where there is nothing to use it for", async () => {
    const { powerAuth } = await pendingDevice();
    const password = await PowerAuthPassword.fromString(pin);
    await assert.rejects(powerAuth.validatePassword(password), fails("MISSING_ACTIVATION"));
    assert.equal(textOf(password), pin);
  });

  test("the engine wipes the copy it was given", async () => {
    const given: Uint8Array[] = [];
    const { powerAuth } = await activeDevice();
    const password = await PowerAuthPassword.fromString(pin);
    const take = password.toRawPassword.bind(password);
    password.toRawPassword = () => {
      const copy = take();
      given.push(copy);
      return copy;
    };
    await powerAuth.validatePassword(password);
    assert.deepEqual(given, [new Uint8Array(4)]);
  });
});
