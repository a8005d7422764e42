import assert from "node:assert/strict";
import { before, test } from "node:test";
import { type PinnedParty, checkRequest } from "@countersign/protocol/approve/parties";
import type { TransactionClaims } from "@countersign/protocol/approve/transaction";
import { exportJWK, generateKeyPair, SignJWT } from "jose";

const iss = "https://approve.example";
const now = 1_800_000_000;
const details = [{ type: "payment", amount: "400.00", currency: "EUR", creditor: { iban: "CZ27" }, urgent: true }];

let party: PinnedParty;
let sign: (claims?: object, alg?: string) => Promise<string>;
let forge: typeof sign;

before(async () => {
  const signer = async (alg: string) => {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    const make = (claims: object = {}) =>
      new SignJWT({
        iss: "shop",
        aud: `${iss}/oidc`,
        iat: now - 5,
        exp: now + 300,
        binding_message: "A7K2",
        authorization_details: details,
        login_hint: "jane",
        ...claims,
      })
        .setProtectedHeader({ alg })
        .sign(privateKey);
    return { jwk: await exportJWK(publicKey), make };
  };
  const [good, evil] = [await signer("ES256"), await signer("ES256")];
  party = { id: "shop", keys: [good.jwk] };
  sign = good.make;
  forge = evil.make;
});

const row = (id: string, value: string) => ({ type: "KEY_VALUE", id, label: id, value }) as const;
const form = {
  title: "Payment",
  message: "Pay 400.00 to CZ27",
  attributes: [row("c", "EUR"), row("u", "true")],
};
const claims = (request: string | undefined, more: object = {}): TransactionClaims =>
  ({
    iss,
    iat: now,
    user: "jane",
    client: { id: "shop", name: "Shop" },
    display: { form },
    bindingMessage: "A7K2",
    authorizationDetails: details,
    ...(request !== undefined && { request }),
    ...more,
  }) as unknown as TransactionClaims;

const defect = async (request: string | undefined, more: object = {}) => checkRequest([party], claims(request, more));

test("a request that says what the transaction says is right, whoever is not pinned is not asked (APV-RP-2, -3)", async () => {
  assert.equal(await defect(await sign()), "verified");
  assert.equal(await defect(undefined, { client: { id: "other", name: "Other" } }), "unpinned");
});

test("without the request, forged, for another server, by another party, or over: refused (APV-RP-2)", async () => {
  assert.equal(await defect(undefined), "request-missing");
  const good = await sign();
  const wrong = [
    await forge(),
    `${good.slice(0, -4)}AAAA`,
    good.split(".").slice(0, 2).join(".") + ".",
    await sign({ iss: "other" }),
    await sign({ aud: "https://approve.example.evil/oidc" }),
    await sign({ exp: now - 61 }),
    await sign({ exp: undefined }),
  ];
  for (const request of wrong) assert.equal(await defect(request), "request-wrong");
  assert.equal(await defect(await sign({ exp: now - 59 })), "verified", "within the skew");
});

test("what the server changed is found, in either direction (APV-RP-3)", async () => {
  const request = await sign();
  const changed = structuredClone(details);
  changed[0]!.amount = "4000.00";
  const differing: object[] = [
    { authorizationDetails: changed },
    { authorizationDetails: [...details, ...details] },
    { authorizationDetails: undefined },
    { bindingMessage: "B000" },
    { bindingMessage: undefined },
    { user: "mallory" },
  ];
  for (const more of differing) assert.equal(await defect(request, more), "request-differs", JSON.stringify(more));
});

test("what was signed can be read, each leaf as a word of its own (APV-RP-3)", async () => {
  const request = await sign();
  const shown = (more: object) => defect(request, { display: { form: { ...form, ...more } } });
  assert.equal(await shown({ message: "Pay 1400.00 to CZ27" }), "request-hidden");
  assert.equal(await shown({ message: "Pay 400.00 to CZ271" }), "request-hidden");
  assert.equal(await shown({ attributes: [row("c", "EUR")] }), "request-hidden", "a truth value");
  assert.equal(await shown({ title: "true", attributes: [row("c", "EUR")] }), "verified");
});
