/** The device's own signature in an ID token: an issuer that makes things up does not get past it. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { before, describe, it } from "node:test";
import { signMessage } from "@countersign/protocol/approve/message";
import { direct, type DirectClaims, response, type ResponseClaims } from "@countersign/protocol/approve/response";
import { transaction, type TransactionClaims } from "@countersign/protocol/approve/transaction";
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from "jose";
import { type ApprovalClaim, answerDefect, type Told } from "../../src/openid/device-answer.ts";

const digest = (text: string) => createHash("sha256").update(text).digest("base64url");
const once = "AAAAAAAAAAAAAAAAAAAAAA";
const device = "0a20c1d2-e3f4-4a5b-8c6d-7e8f90a1b2c3";
const operation = "0a1e2f3b-7c4d-4e5f-8a6b-1c2d3e4f5a6b";
const other = "0a1e2f3b-7c4d-4e5f-8a6b-1c2d3e4f5a6c";
const details = [{ type: "account_transfer", amount: "100.00" }];
const data = "A1*A100.00EUR";

const stated: TransactionClaims = {
  iss: "https://bank.example",
  aud: device,
  tid: operation,
  nonce: once,
  iat: 1_790_000_000,
  exp: 1_790_000_300,
  user: "anna",
  client: { id: "shop", name: "Shop" },
  details: { type: "payment", data, parameters: { amount: "100.00" } },
  display: {
    template: "payment",
    language: "en",
    form: { title: "Pay", message: "", attributes: [] },
    text: "Pay",
  },
  authorizationDetails: details,
  allowed: [
    { status: "approve", effect: "approve", key: "tx", uv: "required" },
    { status: "decline", effect: "deny", key: "tx", uv: "none" },
  ],
  cancelable: true,
  minVer: 1,
};

async function softKey() {
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const { kty, crv, x, y } = await exportJWK(publicKey);
  const sign = async (bytes: Uint8Array) =>
    new Uint8Array(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, privateKey, new Uint8Array(bytes)));
  return { jwk: { kty, crv, x, y } as NonNullable<ApprovalClaim["device_key"]>, kid: "key", sign };
}

describe("the device's own signature in an ID token", () => {
  let key: Awaited<ReturnType<typeof softKey>>;
  let server: Awaited<ReturnType<typeof softKey>>;
  before(async () => {
    [key, server] = await Promise.all([softKey(), softKey()]);
  });

  interface Lie {
    readonly tx?: Partial<TransactionClaims>;
    readonly answer?: Partial<ResponseClaims>;
    readonly approval?: Partial<Record<keyof ApprovalClaim, unknown>>;
    readonly told?: Partial<Told>;
    readonly by?: typeof key;
  }

  async function told({ tx, answer, approval, told: more, by = key }: Lie): Promise<Told> {
    const claims = { ...stated, ...tx };
    const text = await signMessage(transaction, claims, server);
    const said: ResponseClaims = {
      iss: device,
      aud: "https://bank.example",
      tid: operation,
      nonce: once,
      status: "approve",
      tx_sha256: digest(text),
      shown_sha256: digest("Pay"),
      iat: 1_790_000_010,
      exp: 1_790_000_070,
      jti: once,
      seq: 1,
      prev: "A".repeat(43),
      uv: { method: "password", lock: "none" },
      amr: ["pop", "pin"],
      ...answer,
    };
    const claim = {
      decision: "approve",
      type: "payment",
      at: 1_790_000_010,
      data_sha256: digest(data),
      shown_sha256: digest("Pay"),
      evidence: "approve-jws",
      factors: ["possession", "knowledge"],
      device,
      jkt: await calculateJwkThumbprint({ ...key.jwk }),
      signature: await signMessage(response, said, by),
      device_key: key.jwk,
      transaction: text,
      ...approval,
    } as ApprovalClaim;
    return { approval: claim, sub: "anna", txn: operation, clientId: "shop", details, ...more };
  }

  it("what the issuer alone could make up is no approval: every part has to fit the device's answer", async () => {
    assert.equal(await answerDefect(await told({})), undefined);
    const stranger = await softKey();
    const lies: [string, Lie][] = [
      ["a part is missing", { approval: { signature: undefined } }],
      ["a part is missing", { approval: { transaction: undefined } }],
      ["a part is missing", { approval: { device_key: undefined } }],
      ["a part is missing", { approval: { device_key: { ...key.jwk, d: "AA" } } }],
      ["another key", { approval: { device_key: stranger.jwk } }],
      ["another key", { approval: { jkt: "A".repeat(43) } }],
      ["not signed by this key", { by: stranger }],
      ["not an answer of a device", { approval: { signature: "a.b.c" } }],
      ["not a transaction", { approval: { transaction: "a.b.c" } }],
      ["not an approval", { answer: { status: "decline" } }],
      ["not an approval", { answer: { status: "unheard of" } }],
      ["an answer to another transaction", { answer: { tx_sha256: "A".repeat(43) } }],
      ["an answer to another transaction", { answer: { tid: other } }],
      ["an answer to another transaction", { answer: { nonce: "BAAAAAAAAAAAAAAAAAAAAA" } }],
      ["an answer to another transaction", { answer: { iss: other } }],
      ["an answer to another transaction", { answer: { shown_sha256: digest("Pay less") } }],
      ["an answer to another transaction", { tx: { tid: other } }],
      ["a transaction of somebody else", { told: { txn: other } }],
      ["a transaction of somebody else", { told: { sub: "eve" } }],
      ["a transaction of somebody else", { told: { clientId: "another" } }],
      ["another device", { approval: { device: other } }],
      ["other data", { approval: { data_sha256: digest("A1*A900.00EUR") } }],
      ["other data", { approval: { shown_sha256: digest("Pay more") } }],
      ["other details", { told: { details: [{ ...details[0], amount: "900.00" }] } }],
      ["other details", { told: { details: undefined } }],
      ["other details", { tx: { authorizationDetails: [] } }],
    ];
    for (const [why, lie] of lies) assert.equal(await answerDefect(await told(lie)), why, JSON.stringify(lie));
    // The statement changed after the device had signed it.
    const honest = await told({});
    const changed = await told({ tx: { user: "eve" } });
    const swapped = {
      ...honest,
      approval: { ...honest.approval, transaction: changed.approval.transaction as string },
    };
    assert.equal(await answerDefect(swapped), "an answer to another transaction");
  });

  it("what a device signed by itself counts for that message and that client only, and for no transaction (APV-DCS-1)", async () => {
    const signed = async (more: Partial<DirectClaims> = {}) => {
      const claims: DirectClaims = {
        iss: device,
        aud: "https://bank.example",
        nonce: "n",
        azp: "shop",
        message: "Log in",
        status: "approve",
        shown_sha256: digest("Log in"),
        iat: 1_790_000_010,
        exp: 1_790_000_070,
        jti: once,
        seq: 1,
        prev: "A".repeat(43),
        uv: { method: "password", lock: "none" },
        amr: ["pop", "pin"],
        authorizationDetails: details,
        ...more,
      };
      return {
        signature: await signMessage(direct, claims, key),
        transaction: undefined,
        shown_sha256: digest("Log in"),
      };
    };
    const defect = async (more: Partial<DirectClaims>, lie: Lie = {}) =>
      answerDefect(await told({ ...lie, approval: await signed(more), told: { message: "Log in", ...lie.told } }));
    assert.equal(await defect({}), undefined);
    assert.equal(await defect({}, { told: { message: undefined } }), "a part is missing");
    assert.equal(await defect({}, { told: { message: "Pay" } }), "other data");
    assert.equal(await defect({ message: "Pay" }), "other data");
    assert.equal(await defect({ azp: "another" }), "for another client");
    assert.equal(await defect({ iss: other }), "another device");
    assert.equal(await defect({ authorizationDetails: [] }), "other details");
    const asked = await told({ told: { message: "Log in" } });
    assert.equal(await answerDefect(asked), "a part is missing");
    const bare = { ...asked, approval: { ...asked.approval } };
    Reflect.deleteProperty(bare.approval, "transaction");
    assert.equal(await answerDefect(bare), "not an answer of a device");
  });
});
