/** The examples of RFC 7515, 7518, 7638 and 9449 through our own functions, and an envelope made without any of them. */
import assert from "node:assert/strict";
import { createCipheriv, createECDH, createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { toBase64Url, utf8 } from "../../../src/bytes.ts";
import { isFailure } from "../../../src/errors.ts";
import { openerOf, readEnvelope } from "../../../src/approve/jwe.ts";
import { readCompact, verifyCompact } from "../../../src/approve/jws.ts";
import { isPublicJwk, thumbprint, type PublicJwk } from "../../../src/approve/keys.ts";
import { readMessage } from "../../../src/approve/message.ts";
import { readProof } from "../../../src/approve/proof.ts";
import { importJWK } from "jose";
import { samples, sha256, verifierOf } from "../../approve-samples.ts";

interface PrivateJwk extends PublicJwk {
  readonly d: string;
}

function rows<Input, Output>(name: string): readonly { readonly input: Input; readonly output: Output }[] {
  const text = readFileSync(new URL(`../../../../../vectors/jose/${name}.json`, import.meta.url), "utf8");
  const { data } = JSON.parse(text) as { data: { input: Input; output: Output }[] };
  assert.ok(data.length > 0);
  return data;
}

const decoded = (text: string) => new Uint8Array(Buffer.from(text, "base64url"));
const broken = (text: string) => text.slice(0, -2) + (text.at(-2) === "A" ? "B" : "A") + text.at(-1);

test("RFC 7515 A.3 verifies, by its key only, and is none of our messages (APV-OBJ-1, APV-OBJ-3)", async () => {
  for (const { input, output } of rows<{ jwk: PublicJwk; jws: string }, { claims: object; refusedAs: string }>(
    "jws-es256",
  )) {
    const verifier = await verifierOf(input.jwk);
    const payload = Buffer.from(input.jws.split(".")[1] ?? "", "base64url").toString();
    assert.deepEqual(JSON.parse(payload), output.claims);
    assert.equal(await verifyCompact({ text: input.jws, claims: {} }, verifier), true);
    assert.equal(await verifyCompact({ text: broken(input.jws), claims: {} }, verifier), false);
    for (const { message } of samples) {
      assert.deepEqual(readMessage(message, input.jws), { error: output.refusedAs }, message.typ);
    }
  }
});

test("RFC 7638 thumbprint of the P-256 key of RFC 9449 (APV-KEY-3)", () => {
  for (const { input, output } of rows<{ jwk: PublicJwk }, { thumbprint: string }>("thumbprint")) {
    assert.equal(thumbprint(sha256, input.jwk), output.thumbprint);
  }
});

test("the proofs of RFC 9449 verify by the key they name, and lack what ours must have (APV-POP-1)", async () => {
  for (const { input, output } of rows<{ proof: string }, { jwk: PublicJwk; claims: object; refusedAs: string }>(
    "dpop",
  )) {
    const read = readCompact(input.proof, "dpop+jwt");
    assert.ok(!isFailure(read));
    assert.deepEqual(read.claims, output.claims);
    assert.deepEqual({ ...read.jwk }, output.jwk);
    assert.equal(await verifyCompact(read, await verifierOf(output.jwk)), true);
    assert.equal(await verifyCompact({ ...read, text: broken(input.proof) }, await verifierOf(output.jwk)), false);
    assert.deepEqual(readProof(input.proof), { error: output.refusedAs });
  }
});

interface Agreement {
  readonly ephemeral: PrivateJwk;
  readonly recipient: PrivateJwk;
  readonly enc: string;
  readonly apu: string;
  readonly apv: string;
}

/** NIST SP 800-56A Concat KDF with SHA-256, one round, as RFC 7518 §4.6.2 fills it in. */
function concatKdf(z: Uint8Array, { enc, apu, apv }: Omit<Agreement, "ephemeral" | "recipient">, bits: number): Buffer {
  const number = (value: number) => Buffer.from(value.toString(16).padStart(8, "0"), "hex");
  const sized = (bytes: Uint8Array) => Buffer.concat([number(bytes.length), bytes]);
  const info = [sized(Buffer.from(enc)), sized(decoded(apu)), sized(decoded(apv)), number(bits)];
  const hash = createHash("sha256").update(Buffer.concat([number(1), z, ...info]));
  return hash.digest().subarray(0, bits / 8);
}

function agreed(own: PrivateJwk, peer: PublicJwk): Buffer {
  const ecdh = createECDH("prime256v1");
  ecdh.setPrivateKey(decoded(own.d));
  return ecdh.computeSecret(Buffer.concat([Buffer.of(4), decoded(peer.x), decoded(peer.y)]));
}

const publicOf = ({ kty, crv, x, y }: PublicJwk): PublicJwk => ({ kty, crv, x, y });

test("RFC 7518 appendix C agrees, and an envelope that is made by hand of the same keys opens (APV-TX-2)", async () => {
  for (const { input, output } of rows<Agreement, { z: string; key: string }>("ecdh-es")) {
    const z = agreed(input.ephemeral, input.recipient);
    assert.equal(z.toString("base64url"), output.z);
    assert.deepEqual(agreed(input.recipient, input.ephemeral), z);
    assert.equal(concatKdf(z, input, 128).toString("base64url"), output.key);

    // RFC 7516 §5.1 with nothing of ours: direct agreement, an empty encrypted key, the header as additional data.
    const kid = "container";
    const [apu, apv] = [toBase64Url(utf8("server")), toBase64Url(utf8(kid))];
    const epk = publicOf(input.ephemeral);
    const head = { alg: "ECDH-ES", enc: "A256GCM", cty: "JWT", kid, epk, apu, apv };
    const header = Buffer.from(JSON.stringify(head)).toString("base64url");
    const iv = Buffer.alloc(12, 7);
    const cipher = createCipheriv("aes-256-gcm", concatKdf(z, { enc: "A256GCM", apu, apv }, 256), iv);
    cipher.setAAD(Buffer.from(header));
    const sealed = Buffer.concat([cipher.update("the message"), cipher.final()]);
    const jwe = [header, "", iv, sealed, cipher.getAuthTag()]
      .map((part) => (typeof part === "string" ? part : part.toString("base64url")))
      .join(".");
    assert.deepEqual(readEnvelope(jwe), { serverKid: "server", containerKid: kid });
    const key = await importJWK({ ...input.recipient }, "ECDH-ES");
    assert.ok(!(key instanceof Uint8Array));
    assert.equal(await openerOf(kid, key).open(jwe), "the message");
    assert.equal(await openerOf(kid, key).open(broken(jwe)), undefined);
  }
});

test("the keys of the examples are what our keys are", () => {
  const [{ input } = { input: undefined }] = rows<Agreement, object>("ecdh-es");
  assert.equal(isPublicJwk(publicOf(input!.recipient)), true);
  assert.equal(isPublicJwk(input!.recipient), false, "a private key is never taken for a public one");
});
