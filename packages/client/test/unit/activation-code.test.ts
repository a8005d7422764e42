import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PowerAuthActivationCodeUtil as Util, PowerAuthError } from "../../src/mobile-token/index.ts";
import { configuredDevice } from "../device.ts";
import { Peer } from "../peer.ts";

const fails = (code: string) => (error: unknown) => error instanceof PowerAuthError && error.code === code;
const code = "VVVVV-VVVVV-VVVVV-VTFVA";

describe("PowerAuthActivationCodeUtil", () => {
  test("parses a code with and without a signature and corrects nothing", async () => {
    assert.deepEqual(await Util.parseActivationCode(code), { activationCode: code });
    const scanned = `${code}#AAAA`;
    assert.deepEqual(await Util.parseActivationCode(scanned), { activationCode: code, activationSignature: "AAAA" });
    for (const wrong of [code.toLowerCase(), `${code}#`, `${code}#A#B`, ` ${code}`, "", `R:${code}`, undefined]) {
      await assert.rejects(Util.parseActivationCode(wrong as string), fails("INVALID_ACTIVATION_CODE"), String(wrong));
    }
  });

  test("validates codes, not codes with a signature", async () => {
    assert.equal(await Util.validateActivationCode(code), true);
    assert.equal(await Util.validateActivationCode(`${code}#AAAA`), false);
    assert.equal(await Util.validateActivationCode("VVVVV-VVVVV-VVVVV-VTFVB".replace("TFVB", "TFAA")), false);
  });

  test("validates and corrects characters as they are typed", async () => {
    const correct = async (text: string) =>
      String.fromCodePoint(await Util.correctTypedCharacter(text.codePointAt(0)!));
    assert.deepEqual(await Promise.all([..."aZ017"].map(correct)), ["A", "Z", "O", "I", "7"]);
    for (const wrong of ["8", "9", "-", "ž", "😀"]) await assert.rejects(correct(wrong), fails("INVALID_CHARACTER"));
    assert.equal(await Util.validateTypedCharacter(0x41), true);
    assert.equal(await Util.validateTypedCharacter(0x61), false);
  });
});

describe("verifyScannedActivationCode", () => {
  test("is true for a code that this application's server signed, and false for anything else, unconfigured included", async () => {
    const { powerAuth, peer } = await configuredDevice();
    const { scanned, code: typed } = peer.prepare();
    assert.equal(await powerAuth.verifyScannedActivationCode(scanned), true);
    assert.equal(await powerAuth.verifyScannedActivationCode(typed), false);
    assert.equal(await powerAuth.verifyScannedActivationCode(new Peer(peer).prepare().scanned), false);
    assert.equal(await powerAuth.verifyScannedActivationCode("nonsense"), false);
    await powerAuth.deconfigure();
    assert.equal(await powerAuth.verifyScannedActivationCode(scanned), false);
  });
});
