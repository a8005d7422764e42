import assert from "node:assert/strict";
import { test } from "node:test";
import { concat, fromBase64, fromHex, toBase64, toHex, type Bytes } from "@countersign/protocol/bytes";
import { isFailure } from "@countersign/protocol/errors";
import {
  decodeClientConfiguration,
  encodeClientConfiguration,
} from "@countersign/protocol/powerauth/client-configuration";
import fc from "fast-check";

const text =
  "ARDDj6EB6iAUtNmNxKM/BsbaEEs5bP+yVmyjfhQDoox3LDwBAUEEQQ7CWNKAi0EgCfOvd/srfqz4oqhTMLwsT4r7sPLRfqICRw9cCMs/Uoo/F2rIz+KKEcBxbnH9bMk8Ju3K1wmjbA==";
const configuration = {
  applicationKey: fromBase64("w4+hAeogFLTZjcSjPwbG2g==")!,
  applicationSecret: fromBase64("Szls/7JWbKN+FAOijHcsPA==")!,
  masterPublicKey: fromHex(
    "04410ec258d2808b412009f3af77fb2b7eacf8a2a85330bc2c4f8afbb0f2d17ea202470f5c08cb3f528a3f176ac8cfe28a11c0716e71fd6cc93c26edcad709a36c",
  )!,
};
const invalid = { error: "client-configuration-invalid" };
const bytes = fromBase64(text)!;

test("a configuration goes into an app as one text and comes out whole (SDK configuration, example)", () => {
  // 1. The server writes format, key, secret and the one master key it has.
  assert.equal(encodeClientConfiguration(configuration), text);
  // 2. The app reads the same three values.
  assert.deepEqual(decodeClientConfiguration(text), configuration);
});

test("any key, secret and master key come back (SDK configuration)", () => {
  const sixteen = fc.uint8Array({ minLength: 16, maxLength: 16 });
  fc.assert(
    fc.property(
      sixteen,
      sixteen,
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      (applicationKey, applicationSecret, masterPublicKey) => {
        const values = { applicationKey, applicationSecret, masterPublicKey };
        assert.deepEqual(decodeClientConfiguration(encodeClientConfiguration(values)), values);
      },
    ),
  );
});

const head = bytes.slice(0, 35);
const key = bytes.slice(36);
const read = (...parts: readonly Bytes[]) => decodeClientConfiguration(toBase64(concat(...parts)));

test("other keys are passed over, the last of several counts, what follows is ignored (SDK configuration, reader)", () => {
  const unknown = fromHex("200401020304")!;
  const long = concat(fromHex("21c0000100")!, new Uint8Array(256));
  const other = fromHex("01020506")!;
  assert.deepEqual(read(head, Uint8Array.of(2), unknown, key), configuration);
  assert.deepEqual(read(head, Uint8Array.of(3), other, long, key), configuration);
  assert.deepEqual(read(head, Uint8Array.of(1), key, Uint8Array.of(1, 2, 3)), configuration);
  const last = read(head, Uint8Array.of(2), key, other);
  assert.ok(!isFailure(last) && toHex(last.masterPublicKey) === "0506");
});

test("a configuration of another format, size or without master key is refused (SDK configuration, reader)", () => {
  const refused: [string, readonly Bytes[]][] = [
    ["nothing", []],
    ["format 0", [Uint8Array.of(0), bytes.slice(1)]],
    ["format 2", [Uint8Array.of(2), bytes.slice(1)]],
    ["short key", [fromHex("010f")!, new Uint8Array(15), bytes.slice(18)]],
    ["long key", [fromHex("0111")!, new Uint8Array(17), bytes.slice(18)]],
    ["short secret", [bytes.slice(0, 18), fromHex("0f")!, new Uint8Array(15), bytes.slice(35)]],
    ["no keys", [head, Uint8Array.of(0)]],
    ["no master key", [head, fromHex("01200101")!]],
    ["empty master key", [head, fromHex("010100")!]],
    ["emptied by a later key", [head, Uint8Array.of(2), key, fromHex("0100")!]],
    ["fewer keys than counted", [head, Uint8Array.of(2), key]],
    ["a count of two gigabytes", [head, fromHex("ffffffff")!]],
    ["a key of a gigabyte", [head, fromHex("0101ffffffff")!]],
  ];
  for (const [what, parts] of refused) assert.deepEqual(read(...parts), invalid, what);
  for (let length = 0; length < bytes.length; length++)
    assert.deepEqual(read(bytes.slice(0, length)), invalid, `cut at ${length}`);
  for (const other of ["", "?", text.replace("==", ""), `${text}\n`])
    assert.deepEqual(decodeClientConfiguration(other), invalid);
});

test("nothing is encoded that no reader would take", () => {
  assert.throws(() => encodeClientConfiguration({ ...configuration, applicationKey: new Uint8Array(15) }), RangeError);
  assert.throws(() => encodeClientConfiguration({ ...configuration, masterPublicKey: new Uint8Array(0) }), RangeError);
});
