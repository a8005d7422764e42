/** `verifyReceipt` against forgers: each test changes one thing about a true receipt and names the code it gets. */
import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync, type JsonWebKey, type KeyObject } from "node:crypto";
import { before, describe, test } from "node:test";
import { receiptType, type ReceiptClaims } from "@countersign/protocol/receipt";
import * as fc from "fast-check";
import { CompactSign } from "jose";
import {
  type ExpectedReceipt,
  fetchJwks,
  type Jwks,
  ReceiptError,
  type ReceiptErrorCode,
  verifyReceipt,
} from "../../src/receipt.ts";

const claims: ReceiptClaims = {
  iss: "https://sign.bank.example",
  sub: "5b1d7c0e-0d5f-4f6a-9a52-b3b1f2d1a001",
  jti: "5b1d7c0e-0d5f-4f6a-9a52-b3b1f2d1a001:7",
  iat: 1_790_000_000,
  ver: 1,
  tenant: "default",
  operation: {
    id: "5b1d7c0e-0d5f-4f6a-9a52-b3b1f2d1a001",
    type: "payment",
    status: "APPROVED",
    data: "A1*A100CZK*ICZ3855000000003643174999",
    createdAt: 1_789_999_990_000,
  },
  decisions: [
    {
      decision: "approve",
      at: 1_790_000_000_000,
      userId: "alice",
      evidence: { kind: "powerauth", factors: ["possession", "knowledge"] },
      shown: {
        sha256: "q1MKE-RZFJgrefm34_uplM_R8_si9xzqGvvwK0sbR6s",
        language: "en",
        template: "payment",
        by: "server",
      },
    },
  ],
  audit: { lane: "lane", seq: 7, hash: "hash" },
};

interface Signer {
  readonly privateKey: KeyObject;
  readonly jwk: JsonWebKey;
}

function newSigner(): Signer {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { privateKey, jwk: publicKey.export({ format: "jwk" }) };
}

const server = newSigner();
const stranger = newSigner();
const pinned: Jwks = { keys: [{ ...server.jwk, kid: "k1", use: "sig", alg: "ES256" } as Jwks["keys"][number]] };
const trueHeader = { alg: "ES256", typ: receiptType, kid: "k1" };
let receipt: string;

before(async () => {
  receipt = await sign(claims);
});

function sign(payload: unknown, header: object = trueHeader, signer: Signer = server): Promise<string> {
  const bytes = new TextEncoder().encode(typeof payload === "string" ? payload : JSON.stringify(payload));
  const jws = new CompactSign(bytes).setProtectedHeader(header as { alg: string });
  return jws.sign(signer.privateKey, { crit: { exp: true } });
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function withHeader(header: unknown): string {
  return [encoded(header), ...receipt.split(".").slice(1)].join(".");
}

async function refuses(text: string, code: ReceiptErrorCode, keys: Jwks = pinned, expected?: ExpectedReceipt) {
  await assert.rejects(verifyReceipt(text, keys, expected), (error) => {
    assert.ok(error instanceof ReceiptError, String(error));
    assert.equal(error.code, code);
    return true;
  });
}

describe("a true receipt", () => {
  test("verifies with the pinned key and gives its claims", async () => {
    assert.deepEqual(await verifyReceipt(receipt, pinned), claims);
  });

  test("verifies with a set that holds retired keys and keys of other kinds beside the right one", async () => {
    const others = [{ kty: "OKP", crv: "Ed25519", x: "AA" }, { ...stranger.jwk, kid: "k0" } as Jwks["keys"][number]];
    assert.deepEqual(await verifyReceipt(receipt, { keys: [...others, ...pinned.keys] }), claims);
  });

  test("is compared with everything the caller expects", async () => {
    const { iss: issuer, tenant, sub: operationId, operation } = claims;
    const right = { issuer, tenant, operationId, expectedData: operation.data, status: "APPROVED" } as const;
    assert.deepEqual(await verifyReceipt(receipt, pinned, right), claims);
    await refuses(receipt, "wrong-issuer", pinned, { ...right, issuer: "https://other.example" });
    await refuses(receipt, "wrong-tenant", pinned, { ...right, tenant: "other" });
    await refuses(receipt, "wrong-operation", pinned, {
      ...right,
      operationId: "6b1d7c0e-0d5f-4f6a-9a52-b3b1f2d1a001",
    });
    await refuses(receipt, "wrong-data", pinned, { ...right, expectedData: "A1*A999CZK*ICZ3855000000003643174999" });
    await refuses(receipt, "wrong-status", pinned, { ...right, status: "REJECTED" });
  });
});

describe("a changed receipt", () => {
  test("is refused whichever of its bits is flipped", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 0, max: 7 }), async (place, bit) => {
        const bytes = Buffer.from(receipt);
        const index = place % bytes.length;
        bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
        await assert.rejects(verifyReceipt(bytes.toString("latin1"), pinned), ReceiptError);
      }),
      { numRuns: 300 },
    );
  });

  test("is refused at every length it can be cut to, and with anything added", async () => {
    for (let length = 0; length < receipt.length; length++) {
      await assert.rejects(verifyReceipt(receipt.slice(0, length), pinned), ReceiptError);
    }
    for (const more of ["=", ".", ".AA", " ", "\n", "+"]) await refuses(receipt + more, "malformed");
    await refuses(`${receipt}A`, "wrong-signature");
  });

  test("is refused in another spelling of the same bytes (RFC 4648 §3.5)", async () => {
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const last = alphabet.indexOf(receipt.at(-1) ?? "");
    // 64 bytes leave four spare bits in the last character.
    const other = receipt.slice(0, -1) + alphabet[last ^ 1];
    assert.deepEqual(
      Buffer.from(other.split(".")[2] ?? "", "base64url"),
      Buffer.from(receipt.split(".")[2] ?? "", "base64url"),
    );
    await refuses(other, "malformed");
    await refuses(`${receipt}==`, "malformed");
  });

  test("is refused with another amount under the old signature", async () => {
    const [header, , signature] = receipt.split(".");
    const more = { ...claims, operation: { ...claims.operation, data: "A1*A900CZK*ICZ3855000000003643174999" } };
    await refuses(`${header}.${encoded(more)}.${signature}`, "wrong-signature");
  });

  test("is refused when another key signed it under the pinned key id", async () => {
    await refuses(await sign(claims, trueHeader, stranger), "wrong-signature");
  });

  test("is refused with a DER signature where JOSE wants the two numbers", async () => {
    const { createSign } = await import("node:crypto");
    const input = receipt.split(".").slice(0, 2).join(".");
    const der = createSign("sha256").update(input).sign(server.privateKey).toString("base64url");
    await refuses(`${input}.${der}`, "wrong-signature");
  });

  test("is refused when it is no text at all", async () => {
    for (const value of ["", ".", "..", "...", undefined, null, 7, {}]) await refuses(value as string, "malformed");
    await refuses(withHeader([]), "malformed");
    await refuses(withHeader(null), "malformed");
  });
});

describe("a header that chooses (RFC 8725 §2.1, §3.1)", () => {
  test("is refused for `none`, with and without a signature", async () => {
    const none = withHeader({ ...trueHeader, alg: "none" });
    await refuses(none, "wrong-algorithm");
    await refuses(none.replace(/[^.]*$/, ""), "malformed");
    for (const alg of ["None", "NONE", "nOnE", "", undefined, null, ["ES256"]]) {
      await refuses(withHeader({ ...trueHeader, alg }), "wrong-algorithm");
    }
  });

  test("is refused for HS256 keyed with any encoding of the public key", async () => {
    const { createPublicKey } = await import("node:crypto");
    const publicKey = createPublicKey({ key: server.jwk, format: "jwk" });
    const secrets = [
      publicKey.export({ format: "pem", type: "spki" }),
      publicKey.export({ format: "der", type: "spki" }),
      JSON.stringify(pinned.keys[0]),
      Buffer.from(`${server.jwk.x}${server.jwk.y}`, "base64url"),
    ];
    for (const secret of secrets) {
      const input = `${encoded({ ...trueHeader, alg: "HS256" })}.${encoded(claims)}`;
      const mac = createHmac("sha256", secret).update(input).digest("base64url");
      await refuses(`${input}.${mac}`, "wrong-algorithm");
    }
  });

  test("is refused for other signature algorithms", async () => {
    for (const alg of ["ES384", "ES512", "ES256K", "EdDSA", "PS256", "RS256", "es256"]) {
      await refuses(withHeader({ ...trueHeader, alg }), "wrong-algorithm");
    }
  });

  test("is refused when it brings a key, even with a signature by that key, even by the pinned one", async () => {
    const headers = {
      jwk: stranger.jwk,
      jku: "https://evil.example/jwks.json",
      x5c: ["MIIB"],
      x5u: "https://evil.example",
      x5t: "AA",
    };
    for (const [name, value] of Object.entries(headers)) {
      await refuses(await sign(claims, { ...trueHeader, [name]: value }, stranger), "embedded-key");
      await refuses(await sign(claims, { ...trueHeader, [name]: value }), "embedded-key");
    }
    await refuses(await sign(claims, { ...trueHeader, jwk: server.jwk }), "embedded-key");
  });

  test("is refused for another type or none, so that no token passes for a receipt (RFC 8725 §3.11)", async () => {
    for (const typ of ["JWT", "countersign-checkpoint+jwt", receiptType.toUpperCase(), `application/${receiptType}`]) {
      await refuses(await sign(claims, { ...trueHeader, typ }), "wrong-type");
    }
    await refuses(await sign(claims, { alg: "ES256", kid: "k1" }), "wrong-type");
  });

  test("is refused with members that are not understood (RFC 7515 §4.1.11)", async () => {
    await refuses(await sign(claims, { ...trueHeader, crit: ["exp"], exp: 1 }), "unknown-header");
    await refuses(await sign(claims, { ...trueHeader, zip: "DEF" }), "unknown-header");
    await refuses(withHeader({ ...trueHeader, b64: false, crit: ["b64"] }), "unknown-header");
  });
});

describe("pinned keys", () => {
  test("decide: an unknown key id, none, or an empty set verifies nothing", async () => {
    await refuses(await sign(claims, { ...trueHeader, kid: "k2" }), "unknown-key");
    await refuses(await sign(claims, { alg: "ES256", typ: receiptType }), "unknown-key");
    await refuses(await sign(claims, { ...trueHeader, kid: 1 }), "unknown-key");
    await refuses(receipt, "unknown-key", { keys: [] });
    await refuses(receipt, "unknown-key", { keys: [server.jwk as Jwks["keys"][number]] });
  });

  test("are refused when they are no key set, ambiguous, for another use, or no point of P-256", async () => {
    const [key] = pinned.keys;
    assert.ok(key);
    const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey.export({ format: "jwk" });
    for (const keys of [null, "", [], { keys: {} }, { keys: [1] }])
      await refuses(receipt, "unusable-keys", keys as never);
    for (const keys of [[key, key], [{ ...key, use: "enc" }], [{ ...key, alg: "ES384" }], [{ ...key, kty: "RSA" }]]) {
      await refuses(receipt, "unusable-keys", { keys });
    }
    await refuses(receipt, "unusable-keys", { keys: [{ ...p384, kid: "k1" } as Jwks["keys"][number]] });
    await refuses(receipt, "unusable-keys", { keys: [{ ...key, y: key.x ?? "" }] });
    await refuses(receipt, "unusable-keys", { keys: [{ kty: "oct", kid: "k1" }] });
  });

  test("of another server refuse a true receipt", async () => {
    await refuses(receipt, "wrong-signature", { keys: [{ ...stranger.jwk, kid: "k1" } as Jwks["keys"][number]] });
  });
});

describe("truly signed claims", () => {
  test("are refused when they are not the claims of a receipt", async () => {
    const { audit: _, ...withoutAudit } = claims;
    const wrong: unknown[] = [
      "no JSON",
      [],
      null,
      { ...claims, ver: 2 },
      { ...claims, decisions: [] },
      { ...claims, iss: 1 },
      { ...claims, sub: "6b1d7c0e-0d5f-4f6a-9a52-b3b1f2d1a001" },
      { ...claims, operation: { ...claims.operation, status: "PENDING" } },
      withoutAudit,
    ];
    for (const payload of wrong) await refuses(await sign(payload), "malformed-claims");
  });

  test("are not looked at before the signature holds", async () => {
    await refuses(await sign({ ...claims, ver: 2 }, trueHeader, stranger), "wrong-signature");
    await refuses(await sign(claims, trueHeader, stranger), "wrong-signature", pinned, {
      issuer: "https://other.example",
    });
  });
});

describe("fetchJwks", () => {
  const answering =
    (body: BodyInit, status = 200) =>
    async () =>
      new Response(body, { status });

  test("reads a published set over https, and over http from this machine only", async () => {
    const fetch = answering(JSON.stringify(pinned));
    for (const url of [
      "https://sign.bank.example/j",
      "http://127.0.0.1:1/j",
      "http://localhost:1/j",
      "http://[::1]:1/j",
    ]) {
      assert.deepEqual(await fetchJwks(url, { fetch }), pinned);
    }
    for (const url of [
      "http://sign.bank.example/j",
      "http://127.0.0.1.evil.example/j",
      "ftp://localhost/j",
      "nothing",
      "data:,{}",
    ]) {
      await assert.rejects(fetchJwks(url, { fetch }), { code: "unusable-keys" });
    }
  });

  test("tells no answer, a refusal and another document apart", async () => {
    const url = "https://sign.bank.example/j";
    const failing = () => Promise.reject(new TypeError("fetch failed"));
    await assert.rejects(fetchJwks(url, { fetch: failing }), { code: "unreachable" });
    await assert.rejects(fetchJwks(url, { fetch: answering("", 404) }), { code: "response-malformed", status: 404 });
    await assert.rejects(fetchJwks(url, { fetch: answering("<html>") }), { code: "unusable-keys" });
  });
});
