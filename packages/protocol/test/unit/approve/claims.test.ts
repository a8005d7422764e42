/** Shapes, and the small rules of single messages: codes, kinds of references, times, versions. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { bytesOf, count, exactly, listOf, matches, seconds, text, uuid } from "../../../src/approve/claims.ts";
import { isNamedJwk, isPublicJwk, keyUses, thumbprint } from "../../../src/approve/keys.ts";
import { offerSeconds, transcriptCode } from "../../../src/approve/offer.ts";
import { factorsOfMethod, methodsOf, passwordRules, policyShape } from "../../../src/approve/policy.ts";
import { openReference, referenceKind } from "../../../src/approve/reference.ts";
import { answerSeconds, clockSkew, isContext, isTimely, noAnswer } from "../../../src/approve/response.ts";
import { defaultStatuses, isUnderstood, transaction } from "../../../src/approve/transaction.ts";
import { provingOf, samples, sha256, testKey } from "../../approve-samples.ts";
import { inTime } from "../../../../../tools/fuzz/inputs.ts";

describe("shapes", () => {
  it("take own members only, and no others unless open", () => {
    const shape = { required: { a: count }, optional: { b: text(3) } };
    for (const value of [{ a: 1 }, { a: 0, b: "x" }]) assert.equal(matches(value, shape), true);
    for (const value of [
      {},
      { b: "x" },
      { a: 1, b: undefined },
      { a: 1, b: "" },
      { a: 1, b: "xxxx" },
      { a: 1, c: 1 },
      { a: 1, constructor: 1 },
      JSON.parse('{"a":1,"__proto__":1}'),
      Object.create({ a: 1 }),
      [1],
      null,
      "a",
    ]) {
      assert.equal(matches(value, shape), false, JSON.stringify(value));
    }
    assert.equal(matches({ a: 1, c: 1 }, { ...shape, open: true }), true);
    assert.equal(matches({ a: 1, b: 1 }, { ...shape, open: true }), false, "what is known is checked still");
    assert.equal(matches({}, { required: { toString: () => true } }), false, "inherited");
  });

  it("take whole seconds, canonical bytes, UUIDs of version 4, listed words and bounded lists (APV-OBJ-4, APV-OBJ-7)", () => {
    for (const value of [0, 1, 2 ** 53 - 1]) assert.equal(seconds(value), true);
    for (const value of [-1, 1.5, 2 ** 53, Number.NaN, Infinity, "1", null, 1n]) assert.equal(seconds(value), false);
    assert.equal(bytesOf(16)("AAAAAAAAAAAAAAAAAAAAAA"), true);
    for (const value of ["AAAAAAAAAAAAAAAAAAAAAB", "AAAAAAAAAAAAAAAAAAAAAA==", "AAAAAAAAAAAAAAAAAAAAA+", "", 7]) {
      assert.equal(bytesOf(16)(value), false, String(value));
    }
    fc.assert(fc.property(fc.uuid({ version: 4 }), uuid));
    for (const value of [
      "0AB5A3C1-6C1E-4D52-9A34-2F0D1B7C9E11",
      "0ab5a3c1-6c1e-1d52-9a34-2f0d1b7c9e11",
      "0ab5a3c1-6c1e-4d52-7a34-2f0d1b7c9e11",
      "0ab5a3c1-6c1e-4d52-9a34-2f0d1b7c9e11\n",
      "0ab5a3c16c1e4d529a342f0d1b7c9e11",
    ]) {
      assert.equal(uuid(value), false, value);
    }
    assert.equal(exactly("a", 1)("1"), false);
    assert.equal(listOf(count, 2, 1)([]), false);
    assert.equal(listOf(count, 2, 1)([1, 2, 3]), false);
    assert.equal(listOf(count, 2)({ length: 1, 0: 1 }), false);
  });

  it("refuse device messages with a member nobody knows; the server's may have more", () => {
    const closed = [
      "apv-offer+jwt",
      "apv-ref+jwt",
      "apv-res+jwt",
      "apv-dcs+jwt",
      "apv-cancel+jwt",
      "apv-renew-ack+jwt",
    ];
    for (const { message, claims } of samples) {
      assert.equal(matches({ ...claims, more: 1 }, message.shape), !closed.includes(message.typ), message.typ);
    }
  });

  it("refuse each member of each message of another type", () => {
    for (const { message, claims } of samples) {
      for (const name of Object.keys({ ...message.shape.required, ...message.shape.optional })) {
        for (const value of [null, undefined, { a: Symbol.iterator }, -1, Number.NaN]) {
          const own = (claims as Record<string, unknown>)[name];
          if (typeof own === "object" || ["features", "policies", "origin", "threats"].includes(name)) continue;
          assert.equal(matches({ ...claims, [name]: value }, message.shape), false, `${message.typ} ${name}`);
        }
      }
    }
  });

  it("none takes more than 50 ms for the longest text", () => {
    const most = 64 * 1024;
    for (const piece of ["0", "a-", "A", "=", "\ud83d", "-"]) {
      const long = piece.repeat(most);
      for (const check of [uuid, isContext, bytesOf(16), text(10), isPublicJwk]) inTime(() => check(long));
      for (const { message, claims } of samples) {
        for (const name of Object.keys(message.shape.required)) {
          inTime(() => matches({ ...claims, [name]: long }, message.shape));
        }
      }
    }
  });
});

describe("keys and policies", () => {
  const { jwk } = provingOf(testKey());

  it("are P-256 with four members, five where they are named (APV-KEY-1, APV-ENR-3)", () => {
    assert.equal(isPublicJwk(jwk), true);
    assert.equal(isNamedJwk({ ...jwk, kid: "a" }), true);
    for (const value of [
      { ...jwk, kid: "a" },
      { ...jwk, d: jwk.x },
      { ...jwk, kty: "OKP" },
      { ...jwk, crv: "P-384" },
      { ...jwk, x: `${jwk.x}A` },
      { kty: "EC", crv: "P-256", x: jwk.x },
    ]) {
      assert.equal(isPublicJwk(value), false);
    }
    assert.equal(isNamedJwk(jwk), false);
    assert.deepEqual(keyUses, ["auth", "tx", "enc", "pop"]);
  });

  it("thumbprints do not depend on the order of members, nor on a name (APV-KEY-3)", () => {
    const { kty, crv, x, y } = jwk;
    const turned = { y, x, kid: "name", crv, kty };
    assert.equal(thumbprint(sha256, turned), thumbprint(sha256, jwk));
    assert.notEqual(thumbprint(sha256, { ...jwk, x: y, y: x }), thumbprint(sha256, jwk));
  });

  it("a policy decides what is believed of a person's verification (APV-KEY-4, APV-RES-2)", () => {
    assert.deepEqual(methodsOf, { DEVICE: ["none"], PASSWORD: ["password"], BIOPASSWORD: ["password", "biometry"] });
    assert.equal(factorsOfMethod.none, "possession");
    const policy = { type: "PASSWORD", password: passwordRules, lock: { type: "counter", counter: 5 } };
    assert.equal(matches(policy, policyShape), true);
    for (const other of [
      { ...policy, type: "PIN" },
      { ...policy, lock: { type: "off" } },
      { ...policy, lock: { type: "counter", counter: -1 } },
      { ...policy, password: { ...passwordRules, minLength: "6" } },
      { ...policy, password: { ...passwordRules, sequenceAllowed: 0 } },
      { type: "DEVICE" },
    ]) {
      assert.equal(matches(other, policyShape), false, JSON.stringify(other));
    }
    for (const name of Object.keys(passwordRules)) {
      const { [name]: _, ...rest } = { ...passwordRules } as Record<string, unknown>;
      assert.equal(matches({ ...policy, password: rest }, policyShape), false, name);
    }
  });
});

describe("offers and references", () => {
  it("an offer lives ten minutes at most (APV-OFF-1)", () => assert.equal(offerSeconds, 600));

  it("a transcript and a server key make six digits: the first 20 bits of their digest (APV-ENR-6)", () => {
    const transcript = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 3, maxLength: 32 }), (digest) => {
        const bits = [...digest].map((byte) => byte.toString(2).padStart(8, "0")).join("");
        const expected = (Number.parseInt(bits.slice(0, 20), 2) % 1_000_000).toString().padStart(6, "0");
        assert.equal(
          transcriptCode(() => digest, transcript, "kid"),
          expected,
        );
      }),
    );
    const code = transcriptCode(sha256, transcript, "kid");
    const digest = sha256(Buffer.concat([Buffer.from(transcript, "base64url"), Buffer.from("kid")]));
    assert.equal(code, String((Buffer.from(digest).readUInt32BE() >>> 12) % 1_000_000).padStart(6, "0"));
    assert.notEqual(transcriptCode(sha256, transcript, "kie"), code);
    assert.throws(() => transcriptCode(sha256, "not a digest", "kid"), TypeError);
  });

  it("a reference is for one container or for whoever scans it, never a mixture (APV-REF-1, APV-REF-3)", () => {
    const members = { cid: "0ab5a3c1-6c1e-4d52-9a34-2f0d1b7c9e11", tk: "AAAAAAAAAAAAAAAAAAAAAA", qr: 1, n: 0 } as const;
    for (let mask = 0; mask < 16; mask++) {
      const given = Object.fromEntries(Object.entries(members).filter((_, at) => (mask >> at) & 1));
      const expected = mask === 0b0011 ? "named" : mask === 0b1100 ? "open" : undefined;
      assert.equal(referenceKind(given as never), expected, JSON.stringify(given));
    }
    assert.equal(openReference.rotates, 15);
  });
});

describe("times, numbers and versions of an answer", () => {
  const now = 1_800_000_000;

  it("is timely from a minute before its time to a minute after, and no longer than allowed (APV-OBJ-7, APV-RES-1)", () => {
    const cases: readonly (readonly [iat: number, exp: number, timely: boolean])[] = [
      [0, 60, true],
      [0, 300, true],
      [0, 301, false],
      [60, 120, true],
      [61, 120, false],
      [-100, -59, true],
      [-100, -60, false],
      [-300, 0, true],
      [-359, -59, true],
      [-360, -60, false],
      [0, 0, false],
      [10, 5, false],
    ];
    for (const [iat, exp, timely] of cases) {
      assert.equal(isTimely({ iat: now + iat, exp: now + exp }, now, answerSeconds.response), timely, `${iat} ${exp}`);
    }
    assert.equal(isTimely({ iat: now, exp: now + 61 }, now, answerSeconds.direct), false);
    assert.equal(clockSkew, 60);
  });

  it("the first answer follows 32 zero bytes (APV-RES-3)", () => {
    assert.deepEqual(Buffer.from(noAnswer, "base64url"), Buffer.alloc(32));
  });

  it("a context is Base64 of either alphabet up to 16 KiB (APV-RES-8)", () => {
    for (const value of ["", "e30=", "e30", "-_+/", "A".repeat(16_384)]) assert.equal(isContext(value), true);
    for (const value of ["A".repeat(16_385), "a b", "a=b", "===", "é", 1, null, "e30=\n"]) {
      assert.equal(isContext(value), false, String(value).slice(0, 8));
    }
  });

  it("a number is six ASCII digits (APV-RES-6)", () => {
    const { message, claims } = samples.find((one) => one.message.typ === "apv-res+jwt")!;
    for (const [num, fits] of [
      ["000000", true],
      ["12345", false],
      ["1234567", false],
      ["１２３４５６", false],
      ["12345\n", false],
      [123456, false],
    ] as const) {
      assert.equal(matches({ ...claims, num }, message.shape), fits, String(num));
    }
  });

  it("a version above ours, or a member that must be understood and is not, stops a device (APV-TX-6)", () => {
    const { claims } = samples.find((one) => one.message.typ === "apv-tx+jwt")!;
    const tx = claims as Parameters<typeof isUnderstood>[0];
    assert.equal(isUnderstood(tx), true);
    assert.equal(isUnderstood({ ...tx, must: ["match", "request"] }), true);
    assert.equal(isUnderstood({ ...tx, minVer: 2 }), false);
    for (const member of ["display2", "constructor", "Match"])
      assert.equal(isUnderstood({ ...tx, must: [member] }), false);
  });

  it("a form without what its text needs is no transaction (APV-TX-4)", () => {
    const { claims } = samples.find((one) => one.message.typ === "apv-tx+jwt")!;
    const { display: shown, ...rest } = claims as { display: { form: object } };
    for (const form of [
      {},
      { ...shown.form, attributes: undefined },
      { ...shown.form, attributes: [null] },
      { ...shown.form, attributes: {} },
      { ...shown.form, title: 1 },
      { ...shown.form, message: null },
    ]) {
      assert.equal(matches({ ...rest, display: { ...shown, form } }, transaction.shape), false, JSON.stringify(form));
    }
  });

  it("each status has an effect, and a device knows none by heart (APV-TX-5)", () => {
    const { claims } = samples.find((one) => one.message.typ === "apv-tx+jwt")!;
    const [approve] = defaultStatuses;
    const allowed = (one: object) => matches({ ...claims, allowed: [{ ...approve, ...one }] }, transaction.shape);
    assert.equal(allowed({ status: "Whatever the bank calls it" }), true);
    for (const effect of ["approve", "deny", "report"]) assert.equal(allowed({ effect }), true);
    for (const other of [{ effect: "maybe" }, { key: "pop" }, { uv: "maybe" }, { status: "" }]) {
      assert.equal(allowed(other), false);
    }
    assert.equal(matches({ ...claims, allowed: [] }, transaction.shape), false);
  });
});
