import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { CompactEncrypt, importJWK } from "jose";
import { toBase64Url, utf8 } from "../../../src/bytes.ts";
import { isFailure } from "../../../src/errors.ts";
import { readEnvelope, sealMessage } from "../../../src/approve/jwe.ts";
import { oneCharacterOff, openerFor, provingOf, random, testKey } from "../../approve-samples.ts";

const container = testKey();
const serverKid = random(32);
const parties = { serverKid, containerKid: container.kid };
const { jwk } = provingOf(container);
const opener = openerFor(container);
const seal = () => sealMessage("the message", jwk, parties);

/** As a device does it: read, both parties compared, opened. */
async function opened(jwe: string): Promise<string | undefined> {
  const read = readEnvelope(jwe);
  if (isFailure(read) || read.serverKid !== serverKid || read.containerKid !== container.kid) return undefined;
  return (await opener).open(jwe);
}

const header = { alg: "ECDH-ES", enc: "A256GCM", cty: "JWT", kid: container.kid };
const apu = toBase64Url(utf8(serverKid));
const apv = toBase64Url(utf8(container.kid));

/** An envelope whose header says these things: the protected header is what jose makes of them. */
async function sealedWith(more: Record<string, unknown>, { u = serverKid, v = container.kid } = {}): Promise<string> {
  return new CompactEncrypt(utf8("the message"))
    .setProtectedHeader({ ...header, ...more })
    .setKeyManagementParameters({ apu: utf8(u), apv: utf8(v) })
    .encrypt(await importJWK({ ...jwk }, String(more.alg ?? "ECDH-ES")), { crit: { extra: true } });
}

/** The header of a right envelope replaced: what is refused by form is so before anything is decrypted. */
async function withHeader(change: (header: Record<string, unknown>) => unknown): Promise<string> {
  const [head = "", ...rest] = (await seal()).split(".");
  const old = JSON.parse(Buffer.from(head, "base64url").toString()) as Record<string, unknown>;
  return [toBase64Url(utf8(JSON.stringify(change(old)))), ...rest].join(".");
}

describe("envelopes to a container (Approve protocol §7)", () => {
  it("open with the container's key, and name both parties (APV-TX-2)", async () => {
    const jwe = await seal();
    assert.deepEqual(readEnvelope(jwe), parties);
    assert.equal(await opened(jwe), "the message");
    assert.notEqual(await seal(), jwe, "a new ephemeral key each time");
    assert.equal(await (await openerFor(testKey(container.kid))).open(jwe), undefined, "another key");
  });

  it("do not open with one character changed, anywhere (APV-OBJ-4)", async () => {
    const jwe = await seal();
    await fc.assert(
      fc.asyncProperty(oneCharacterOff(jwe), async (other) => assert.equal(await opened(other), undefined)),
      { numRuns: 400 },
    );
  });

  it("do not open truncated, extended, or with parts swapped", async () => {
    const jwe = await seal();
    for (let length = 0; length < jwe.length; length += 7) assert.equal(await opened(jwe.slice(0, length)), undefined);
    for (const other of [`${jwe}A`, `${jwe}=`, `${jwe}.`, ` ${jwe}`, `${jwe}\n`, `.${jwe}`]) {
      assert.equal(await opened(other), undefined);
    }
    const [head, , iv, sealed, tag] = jwe.split(".");
    assert.equal(await opened([head, "AAAA", iv, sealed, tag].join(".")), undefined, "an encrypted key");
    assert.equal(await opened([head, "", sealed, iv, tag].join(".")), undefined);
    assert.equal(await opened([head, "", iv, sealed].join(".")), undefined);
    assert.equal(await opened([head, "", iv, sealed, tag?.slice(0, 16)].join(".")), undefined, "a shorter tag");
    const [, , , other] = (await seal()).split(".");
    assert.equal(await opened([head, "", iv, other, tag].join(".")), undefined);
  });

  it("are refused for other parties, though they would open (APV-TX-2)", async () => {
    for (const parts of [{ u: random(32) }, { v: "other" }, { u: "" }, { u: `${serverKid} ` }]) {
      const jwe = await sealedWith({}, parts);
      assert.equal(await (await opener).open(jwe), "the message");
      assert.equal(await opened(jwe), undefined, JSON.stringify(parts));
    }
    assert.equal(await opened(await sealedWith({ kid: random(16) })), undefined, "kid differs from apv");
  });

  it("are refused under any other header (APV-OBJ-3)", async () => {
    for (const more of [
      { enc: "A128GCM" },
      { enc: "A256CBC-HS512" },
      { alg: "ECDH-ES+A256KW" },
      { cty: "jwt" },
      { cty: undefined },
      { typ: "JWT" },
      { extra: 1 },
      { extra: 1, crit: ["extra"] },
    ]) {
      const jwe = await sealedWith(more);
      assert.ok(isFailure(readEnvelope(jwe)), JSON.stringify(more));
      if ("enc" in more || "alg" in more) assert.equal(await (await opener).open(jwe), undefined);
    }
    const epk = (old: Record<string, unknown>) => old.epk as Record<string, unknown>;
    const changes: ((old: Record<string, unknown>) => unknown)[] = [
      (old) => ({ ...old, zip: "DEF" }),
      (old) => ({ ...old, alg: "dir" }),
      (old) => ({ ...old, alg: "none" }),
      (old) => ({ ...old, jku: "https://evil.example" }),
      (old) => ({ ...old, apu: undefined }),
      (old) => ({ ...old, apu: `${apu}=` }),
      (old) => ({ ...old, apv: [apv] }),
      (old) => ({ ...old, apu: "_w" }),
      (old) => ({ ...old, epk: undefined }),
      (old) => ({ ...old, epk: { ...epk(old), d: random(32) } }),
      (old) => ({ ...old, epk: { ...epk(old), kid: "a" } }),
      (old) => ({ ...old, epk: { ...epk(old), crv: "P-384" } }),
      (old) => ({ ...old, epk: { ...epk(old), x: random(31) } }),
      (old) => ({ ...old, epk: { ...epk(old), x: random(33) } }),
      (old) => [old],
    ];
    for (const change of changes) {
      const jwe = await withHeader(change);
      assert.ok(isFailure(readEnvelope(jwe)), jwe);
      assert.equal(await opened(jwe), undefined);
    }
  });

  it("do not open with an ephemeral key that is not on the curve", async () => {
    for (const point of [
      { x: random(32), y: random(32) },
      { x: toBase64Url(new Uint8Array(32)), y: toBase64Url(new Uint8Array(32)) },
      { x: toBase64Url(new Uint8Array(32).fill(255)), y: jwk.y },
    ]) {
      const jwe = await withHeader((old) => ({ ...old, epk: { kty: "EC", crv: "P-256", ...point } }));
      assert.deepEqual(readEnvelope(jwe), parties, "by form it is right");
      assert.equal(await opened(jwe), undefined);
    }
  });

  it("are refused when too long, before they are parsed (APV-OBJ-5)", () => {
    assert.deepEqual(readEnvelope("A".repeat(2 * 65_536 + 1)), { error: "message-too-long" });
    assert.deepEqual(readEnvelope("A".repeat(2 * 65_536)), { error: "message-malformed" });
  });
});
