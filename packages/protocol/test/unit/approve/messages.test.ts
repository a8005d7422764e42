import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { fromBase64Url, toBase64Url, utf8 } from "../../../src/bytes.ts";
import { isFailure } from "../../../src/errors.ts";
import { signCompact } from "../../../src/approve/jws.ts";
import { readMessage, signMessage, verifyMessage } from "../../../src/approve/message.ts";
import { samples, testKey, verifierOf } from "../../approve-samples.ts";

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

    it("is refused with one character changed, anywhere (issue of integrity, APV-OBJ-2, -4)", async () => {
      const text = await signMessage(message, claims, key);
      const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=";
      await fc.assert(
        fc.asyncProperty(fc.nat(text.length - 1), fc.nat(alphabet.length - 1), async (at, which) => {
          const other = alphabet[which]!;
          fc.pre(other !== text[at]);
          assert.equal(await isAccepted(message, text.slice(0, at) + other + text.slice(at + 1)), false);
        }),
        { numRuns: 60 },
      );
    });

    it("is refused when truncated or extended (APV-OBJ-4)", async () => {
      const text = await signMessage(message, claims, key);
      for (const other of [text.slice(0, -1), `${text}A`, `${text}=`, ` ${text}`, `${text}\n`, `${text}.`]) {
        assert.equal(await isAccepted(message, other), false, JSON.stringify(other.slice(-8)));
      }
    });

    it("is refused in the place of every other message (APV-OBJ-1)", async () => {
      const text = await signMessage(message, claims, key);
      for (const other of samples) {
        if (other.message.typ !== message.typ)
          assert.ok(isFailure(readMessage(other.message, text)), other.message.typ);
      }
    });

    it("is refused by another key, and under another algorithm or header (APV-OBJ-2, -3)", async () => {
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
