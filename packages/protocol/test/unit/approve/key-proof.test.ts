import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { fromUtf8, toBase64Url, utf8 } from "../../../src/bytes.ts";
import { isFailure } from "../../../src/errors.ts";
import { readEnrolPayload } from "../../../src/approve/enrol.ts";
import { makeKeyProof, readKeyProof, verifyKeyProof, type KeyProofType } from "../../../src/approve/key-proof.ts";
import { signingInput, type Verifier } from "../../../src/approve/jws.ts";
import { readRenewPayload } from "../../../src/approve/renew.ts";
import {
  enrolPayloadOf,
  oneCharacterOff,
  provingOf,
  renewPayloadOf,
  type TestKey,
  testKey,
  verifierOf,
} from "../../approve-samples.ts";

const keys = [testKey(), testKey(), testKey(), testKey()];
const old = testKey();
const oldVerifier = verifierOf(old.jwk);

interface Whole {
  payload: string;
  signatures: { protected: string; signature: string }[];
}

const makers = {
  "apv-enrol+jws": () => makeKeyProof("apv-enrol+jws", enrolPayloadOf(keys), keys.map(provingOf)),
  "apv-renew+jws": () => makeKeyProof("apv-renew+jws", renewPayloadOf(keys), keys.map(provingOf), old),
} as const satisfies Record<KeyProofType, () => Promise<Uint8Array>>;

/** As the server takes it: form, shape and order, all signatures. */
async function isAccepted(typ: KeyProofType, bytes: Uint8Array): Promise<boolean> {
  const proof = readKeyProof(bytes, typ);
  if (isFailure(proof)) return false;
  const verifier = await oldVerifier;
  const known = (kid: string): Verifier | undefined => (kid === old.kid ? verifier : undefined);
  const read = typ === "apv-enrol+jws" ? readEnrolPayload(proof) : readRenewPayload(proof);
  return read !== undefined && (await verifyKeyProof(proof, typ === "apv-enrol+jws" ? undefined : known));
}

const wholeOf = (bytes: Uint8Array) => JSON.parse(fromUtf8(bytes) ?? "") as Whole;
const bytesOf = (whole: unknown) => utf8(JSON.stringify(whole));

async function resigned(header: object, payload: string, key: TestKey) {
  const head = toBase64Url(utf8(JSON.stringify(header)));
  return { protected: head, signature: toBase64Url(await key.sign(signingInput(head, payload))) };
}

for (const typ of ["apv-enrol+jws", "apv-renew+jws"] as const) {
  const requirement = typ === "apv-enrol+jws" ? "APV-ENR-2" : "APV-REN-1";
  describe(`Approve message ${typ}`, () => {
    it("is accepted as it was made, and again byte for byte", async () => {
      const bytes = await makers[typ]();
      assert.equal(await isAccepted(typ, bytes), true);
      assert.equal(await isAccepted(typ, bytesOf(wholeOf(bytes))), true);
    });

    it("is refused with one character changed, anywhere (APV-OBJ-2, APV-OBJ-4)", async () => {
      const text = fromUtf8(await makers[typ]()) ?? "";
      await fc.assert(
        fc.asyncProperty(oneCharacterOff(text), async (other) => {
          fc.pre(!isWhiteSpaceOnly(text, other));
          assert.equal(await isAccepted(typ, utf8(other)), false);
        }),
        { numRuns: 300 },
      );
    });

    it("is refused truncated or extended", async () => {
      const bytes = await makers[typ]();
      for (let length = 0; length < bytes.length; length += 13) {
        assert.equal(await isAccepted(typ, bytes.slice(0, length)), false);
      }
      assert.equal(await isAccepted(typ, Uint8Array.of(...bytes, 0x7d)), false);
    });

    it(`is refused with a signature changed, missing, extra, swapped or of another payload (${requirement})`, async () => {
      const whole = wholeOf(await makers[typ]());
      const { payload, signatures } = whole;
      const other = wholeOf(await makers[typ]());
      for (const [at, one] of signatures.entries()) {
        const by = (change: { protected: string; signature: string }) => ({
          payload,
          signatures: signatures.with(at, change),
        });
        const [first = ""] = one.signature;
        const changed = (first === "A" ? "B" : "A") + one.signature.slice(1);
        const next = signatures[(at + 1) % signatures.length]!;
        const cases: Record<string, Whole> = {
          changed: by({ ...one, signature: changed }),
          missing: { payload, signatures: signatures.toSpliced(at, 1) },
          twice: { payload, signatures: signatures.toSpliced(at, 0, one) },
          extra: { payload, signatures: [...signatures, one] },
          swapped: { payload, signatures: signatures.with(at, next).with((at + 1) % signatures.length, one) },
          "by its neighbour": by({ ...one, signature: next.signature }),
          "of another payload": by(other.signatures[at]!),
          "a header beside": by({ ...one, header: {} } as never),
          empty: by({ ...one, signature: "" }),
        };
        for (const [name, one_] of Object.entries(cases)) {
          assert.equal(await isAccepted(typ, bytesOf(one_)), false, `${name} at ${at}`);
        }
      }
      assert.equal(await isAccepted(typ, bytesOf({ payload, signatures: [] })), false);
      assert.equal(await isAccepted(typ, bytesOf({ payload: other.payload, signatures })), false);
    });

    it("is refused in the other's place, and in any other serialisation (APV-OBJ-1)", async () => {
      const bytes = await makers[typ]();
      const place = typ === "apv-enrol+jws" ? "apv-renew+jws" : "apv-enrol+jws";
      assert.deepEqual(readKeyProof(bytes, place), { error: "message-type-wrong" });
      const { payload, signatures } = wholeOf(bytes);
      const [one] = signatures;
      assert.ok(isFailure(readKeyProof(bytesOf({ payload, ...one }), typ)), "flattened");
      assert.ok(isFailure(readKeyProof(bytesOf({ payload, signatures, header: {} }), typ)), "unprotected");
      const compact = `${one?.protected}.${payload}.${one?.signature}`;
      assert.ok(isFailure(readKeyProof(utf8(compact), typ)), "compact");
      assert.deepEqual(readKeyProof(new Uint8Array(65_537), typ), { error: "message-too-long" });
    });

    it("is refused under any other header, though it verifies (APV-OBJ-2, APV-OBJ-3)", async () => {
      const whole = wholeOf(await makers[typ]());
      const { payload, signatures } = whole;
      const key = keys[0]!;
      const { jwk } = provingOf(key);
      const good = { alg: "ES256", typ, jwk };
      const signed = async (header: object) => ({
        payload,
        signatures: signatures.with(0, await resigned(header, payload, key)),
      });
      assert.equal(await isAccepted(typ, bytesOf(await signed(good))), true);
      for (const header of [
        { ...good, alg: "none" },
        { ...good, alg: "ES384" },
        { ...good, typ: "JWT" },
        { ...good, crit: ["b64"], b64: false },
        { ...good, kid: key.kid },
        { alg: "ES256", typ, kid: old.kid },
        { alg: "ES256", typ },
        { ...good, jwk: { ...jwk, kid: "a" } },
        { ...good, jwk: { ...jwk, d: jwk.x } },
        { ...good, jwk: provingOf(testKey()).jwk },
        { ...good, jwk: { ...jwk, x: jwk.y, y: jwk.x } },
      ]) {
        assert.equal(await isAccepted(typ, bytesOf(await signed(header))), false, JSON.stringify(header));
      }
    });
  });
}

/** Between JSON tokens white space says nothing, and the server's transcript is of the bytes as they came. */
function isWhiteSpaceOnly(text: string, other: string): boolean {
  try {
    return JSON.stringify(JSON.parse(other)) === text;
  } catch {
    return false;
  }
}

describe("keys that prove themselves", () => {
  const payloads = (): [string, object][] => {
    const good = enrolPayloadOf(keys);
    const [a, b, ...rest] = good.keys;
    return [
      ["a use twice", { ...good, keys: [a, { ...b, use: "auth" }, ...rest] }],
      ["three keys", { ...good, keys: good.keys.slice(1) }],
      ["a key twice", { ...good, keys: [a, { ...b, jwk: a?.jwk }, ...rest] }],
      ["another order", { ...good, keys: [b, a, ...rest] }],
      ["a private member", { ...good, keys: [{ ...a, jwk: { ...a?.jwk, d: a?.jwk.x } }, b, ...rest] }],
      ["no nonce", { ...good, nonce: undefined }],
      ["an unknown member", { ...good, role: "admin" }],
      ["an unknown member of the device", { ...good, device: { ...good.device, admin: true } }],
      ["an unknown push platform", { ...good, push: { platform: "smtp", token: "a" } }],
      ["no algorithms", { ...good, algs: [] }],
      ["a time with a fraction", { ...good, iat: 1.5 }],
      ["a short code", { ...good, code: "AAAA" }],
    ];
  };

  it("are each use once, all different, in order, with four members (APV-ENR-1, APV-ENR-3)", async () => {
    for (const [name, payload] of payloads()) {
      const proof = readKeyProof(await makeKeyProof("apv-enrol+jws", payload, keys.map(provingOf)), "apv-enrol+jws");
      assert.ok(!isFailure(proof), name);
      assert.equal(readEnrolPayload(proof), undefined, name);
    }
  });

  it("need the old key's word in a renewal, as the last signature (APV-REN-1)", async () => {
    const payload = renewPayloadOf(keys);
    const bytes = await makeKeyProof("apv-renew+jws", payload, keys.map(provingOf));
    assert.equal(await isAccepted("apv-renew+jws", bytes), false, "nobody vouches");
    const stranger = testKey();
    const vouched = await makeKeyProof("apv-renew+jws", payload, keys.map(provingOf), stranger);
    assert.equal(await isAccepted("apv-renew+jws", vouched), false, "an unknown name");
    const posing = await makeKeyProof("apv-renew+jws", payload, keys.map(provingOf), { ...stranger, kid: old.kid });
    assert.equal(await isAccepted("apv-renew+jws", posing), false, "another key under the old name");
    const first = wholeOf(await makers["apv-renew+jws"]());
    const turned = { ...first, signatures: [first.signatures.at(-1), ...first.signatures.slice(0, -1)] };
    assert.equal(await isAccepted("apv-renew+jws", bytesOf(turned)), false, "first instead of last");
  });

  it("are on the curve", async () => {
    const jwk = { ...provingOf(keys[0]!).jwk, y: toBase64Url(new Uint8Array(32).fill(1)) };
    const payload = enrolPayloadOf(keys);
    const proving = [{ jwk, sign: keys[0]!.sign }, ...keys.slice(1).map(provingOf)];
    const off = { ...payload, keys: payload.keys.with(0, { use: "auth", jwk }) };
    assert.equal(await isAccepted("apv-enrol+jws", await makeKeyProof("apv-enrol+jws", off, proving)), false);
  });
});
