import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { toBase64Url, utf8 } from "../../../src/bytes.ts";
import { isFailure } from "../../../src/errors.ts";
import { signCompact } from "../../../src/approve/jws.ts";
import { bodyHash, readProof, signProof, verifyProof } from "../../../src/approve/proof.ts";
import { oneCharacterOff, proofClaims, provingOf, sha256, testKey, verifierOf } from "../../approve-samples.ts";

const key = testKey();
const { jwk } = provingOf(key);
const registered = verifierOf(jwk);

async function isAccepted(header: string): Promise<boolean> {
  const read = readProof(header);
  return !isFailure(read) && (await verifyProof(read, await registered));
}

describe("proofs of possession (Approve protocol §6)", () => {
  it("are accepted as they were signed, with and without a nonce (APV-POP-1)", async () => {
    const { nonce: _, ...first } = proofClaims;
    for (const claims of [proofClaims, first]) {
      const read = readProof(await signProof(claims, jwk, key));
      assert.ok(!isFailure(read));
      assert.deepEqual(read.claims, claims);
      assert.equal(await verifyProof(read, await registered), true);
    }
  });

  it("are refused with one character changed, anywhere (APV-OBJ-2, APV-OBJ-4)", async () => {
    const header = await signProof(proofClaims, jwk, key);
    await fc.assert(
      fc.asyncProperty(oneCharacterOff(header), async (other) => assert.equal(await isAccepted(other), false)),
      { numRuns: 300 },
    );
  });

  it("are refused with another key than the registered one, whichever signs (APV-POP-2)", async () => {
    const thief = testKey();
    assert.equal(await isAccepted(await signProof(proofClaims, provingOf(thief).jwk, thief)), false, "its own");
    assert.equal(await isAccepted(await signProof(proofClaims, jwk, thief)), false, "the registered one named");
    assert.equal(await isAccepted(await signProof(proofClaims, provingOf(thief).jwk, key)), false, "another named");
  });

  it("are refused under any other header (APV-OBJ-1, APV-OBJ-3)", async () => {
    const [, payload = ""] = (await signProof(proofClaims, jwk, key)).split(".");
    const good = { alg: "ES256", typ: "dpop+jwt", jwk };
    const signed = async (header: object) => {
      const head = toBase64Url(utf8(JSON.stringify(header)));
      return `${head}.${payload}.${toBase64Url(await key.sign(utf8(`${head}.${payload}`)))}`;
    };
    assert.equal(await isAccepted(await signed(good)), true);
    for (const header of [
      { ...good, typ: "JWT" },
      { ...good, typ: "dpop+JWT" },
      { ...good, typ: "application/dpop+jwt" },
      { ...good, typ: "apv-res+jwt" },
      { ...good, alg: "none" },
      { ...good, alg: "RS256" },
      { ...good, kid: "a" },
      { alg: "ES256", typ: "dpop+jwt", kid: "a" },
      { ...good, jwk: { ...jwk, d: jwk.x } },
      { ...good, jwk: { ...jwk, alg: "ES256" } },
      { ...good, jwk: { ...jwk, kty: "OKP" } },
      { ...good, crit: ["exp"] },
    ]) {
      assert.equal(await isAccepted(await signed(header)), false, JSON.stringify(header));
    }
  });

  it("need each claim, of its form, and no other (APV-POP-1)", async () => {
    const { htm, ...rest } = proofClaims;
    for (const claims of [
      rest,
      { ...proofClaims, jti: "short" },
      { ...proofClaims, jti: `${proofClaims.jti}=` },
      { ...proofClaims, cid: proofClaims.cid.toUpperCase() },
      { ...proofClaims, bsh: "" },
      { ...proofClaims, iat: "1" },
      { ...proofClaims, iat: -1 },
      { ...proofClaims, iat: 1.5 },
      { ...proofClaims, nonce: "" },
      { ...proofClaims, nonce: null },
      { ...proofClaims, ath: proofClaims.bsh },
      { ...proofClaims, htm: [htm] },
    ]) {
      const header = await signCompact("dpop+jwt", { jwk }, claims, key);
      assert.deepEqual(readProof(header), { error: "message-claims-wrong" }, JSON.stringify(claims));
    }
  });

  it("hash the body's bytes; of no body, no bytes", () => {
    assert.equal(bodyHash(sha256, new Uint8Array()), "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
    assert.notEqual(bodyHash(sha256, utf8("{}")), bodyHash(sha256, utf8("{ }")));
  });
});
