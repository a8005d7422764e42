import assert from "node:assert/strict";
import { sign } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { fromBase64Url, toBase64Url, utf8 } from "../../../src/bytes.ts";
import { isFailure } from "../../../src/errors.ts";
import { signCompact } from "../../../src/approve/jws.ts";
import { readMessage, signMessage, verifyMessage } from "../../../src/approve/message.ts";
import { oneCharacterOff, samples, testKey, verifierOf } from "../../approve-samples.ts";

const key = testKey();
const verifier = verifierOf(key.jwk);

async function isAccepted(message: (typeof samples)[number]["message"], text: string): Promise<boolean> {
  const read = readMessage(message, text);
  return !isFailure(read) && !isFailure(await verifyMessage(read, await verifier));
}

for (const { message, claims } of samples) {
  describe(`Approve message ${message.typ}`, () => {
    it("is accepted as it was signed, with its claims", async () => {
      const text = await signMessage(message, claims, key);
      const read = readMessage(message, text);
      assert.ok(!isFailure(read));
      assert.deepEqual(read.claims, claims);
      assert.ok(!isFailure(await verifyMessage(read, await verifier)));
    });

    it("is refused with one character changed, anywhere (APV-OBJ-2, APV-OBJ-4)", async () => {
      const text = await signMessage(message, claims, key);
      await fc.assert(
        fc.asyncProperty(oneCharacterOff(text), async (other) => assert.equal(await isAccepted(message, other), false)),
        { numRuns: 60 },
      );
    });

    it("is refused when truncated or extended (APV-OBJ-4)", async () => {
      const text = await signMessage(message, claims, key);
      for (const other of [text.slice(0, -1), `${text}A`, `${text}=`, ` ${text}`, `${text}\n`, `${text}.`]) {
        assert.equal(await isAccepted(message, other), false, JSON.stringify(other.slice(-8)));
      }
    });

    it("is refused above its limit, before anything of it is read (APV-OBJ-5)", () => {
      const limit = ["apv-offer+jwt", "apv-ref+jwt"].includes(message.typ) ? 2048 : 65_536;
      assert.deepEqual(readMessage(message, "~".repeat(limit + 1)), { error: "message-too-long" });
      assert.deepEqual(readMessage(message, "~".repeat(limit)), { error: "message-malformed" });
    });

    it("verifies with either value of s, so that no signature is an identifier (APV-OBJ-6)", async () => {
      const text = await signMessage(message, claims, key);
      const [head = "", payload = "", signature = ""] = text.split(".");
      const bytes = Buffer.from(signature, "base64url");
      const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
      const other = order - BigInt(`0x${bytes.subarray(32).toString("hex")}`);
      const turned = Buffer.concat([bytes.subarray(0, 32), Buffer.from(other.toString(16).padStart(64, "0"), "hex")]);
      assert.notDeepEqual(turned, bytes);
      assert.equal(await isAccepted(message, `${head}.${payload}.${turned.toString("base64url")}`), true);
    });

    it("is refused with a signature that is DER, zero, or out of range", async () => {
      const text = await signMessage(message, claims, key);
      const [head = "", payload = ""] = text.split(".");
      const order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
      const signatures = [
        Buffer.alloc(64),
        Buffer.alloc(64, 0xff),
        Buffer.from(order + order, "hex"),
        Buffer.from("00".repeat(32) + order, "hex"),
        Buffer.alloc(63, 1),
        Buffer.alloc(65, 1),
        Buffer.alloc(0),
        sign("sha256", utf8(`${head}.${payload}`), key.privateKey),
      ];
      for (const one of signatures) {
        assert.equal(await isAccepted(message, `${head}.${payload}.${one.toString("base64url")}`), false);
      }
    });

    it("is refused in the place of every other message (APV-OBJ-1)", async () => {
      const text = await signMessage(message, claims, key);
      for (const other of samples) {
        if (other.message.typ !== message.typ)
          assert.ok(isFailure(readMessage(other.message, text)), other.message.typ);
      }
    });

    it("is refused by another key, and under another algorithm or header (APV-OBJ-2, APV-OBJ-3)", async () => {
      const text = await signMessage(message, claims, testKey());
      assert.equal(await isAccepted(message, text), false);
      const [, payload] = text.split(".");
      const good = { alg: "ES256", typ: message.typ, kid: key.kid };
      const headers: object[] = [
        { ...good, alg: "none" },
        { ...good, alg: "HS256" },
        { ...good, alg: "ES384" },
        { ...good, crit: ["exp"] },
        { ...good, jku: "https://evil.example" },
        { ...good, jwk: key.jwk },
        { ...good, b64: false },
        { alg: "ES256", typ: message.typ },
        { ...good, typ: message.typ.toUpperCase() },
        { ...good, typ: "JWT" },
      ];
      for (const header of headers) {
        const head = toBase64Url(utf8(JSON.stringify(header)));
        const signature = toBase64Url(await key.sign(utf8(`${head}.${payload}`)));
        assert.equal(await isAccepted(message, `${head}.${payload}.${signature}`), false, JSON.stringify(header));
      }
    });

    it("is refused with a member twice, or with one that is missing (APV-OBJ-4)", async () => {
      const text = await signMessage(message, claims, key);
      const [head = "", payload = ""] = text.split(".");
      const json = new TextDecoder().decode(fromBase64Url(payload));
      const member = /^\{("[a-z_]+":(?:"[^"]*"|\d+|\[|\{))/i.exec(json)?.[1];
      assert.ok(member !== undefined);
      const twice = `{"iss":"https://evil.example",${json.slice(1)}`;
      const encoded = toBase64Url(utf8(twice));
      const signature = toBase64Url(await key.sign(utf8(`${head}.${encoded}`)));
      assert.equal(await isAccepted(message, `${head}.${encoded}.${signature}`), false);
      for (const name of Object.keys(message.shape.required)) {
        const rest = Object.fromEntries(Object.entries(claims).filter(([other]) => other !== name));
        const shorter = await signCompact(message.typ, { kid: key.kid }, rest, key);
        assert.equal(await isAccepted(message, shorter), false, name);
      }
    });
  });
}
