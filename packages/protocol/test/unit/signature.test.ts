import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBase64, toBase64, utf8 } from "@countersign/protocol/bytes";
import { advanceCounter, nextCounter } from "@countersign/protocol/powerauth/counter";
import { activationKeys } from "@countersign/protocol/powerauth/keys";
import {
  computeOffline,
  computeSignature,
  factorCombination,
  factorKeys,
  factorsOf,
  findComponent,
  formatOffline,
  matchesAt,
  matchesOfflineAt,
  parseOffline,
  parseOnline,
  signatureBase,
  signatureComponents,
  signedData,
  type FactorCombination,
} from "@countersign/protocol/powerauth/signature";
import { versionRow, versions } from "@countersign/protocol/powerauth/versions";
import fc from "fast-check";
import { flipBit, mixedProviders, seededRandom, testMixed, testOnBoth } from "../providers.ts";

const combinations: readonly FactorCombination[] = [
  "possession",
  "knowledge",
  "biometry",
  "possession_knowledge",
  "possession_biometry",
  "possession_knowledge_biometry",
];
const master = seededRandom(1)(16);
const counter = seededRandom(2)(16);
const nonce = seededRandom(3)(16);
const secret = "Szls/7JWbKN+FAOijHcsPA==";
const body = utf8('{"id":"1","data":"A1*A100CZK"}');

testMixed("a device signs a request and the server finds it in its window (signatures)", (client, server) => {
  const row = versionRow("3.3")!;
  // 1. The device joins method, resource, nonce and body, and appends the application secret.
  const base = signatureBase("post", "/operation/authorize", nonce, body);
  assert.equal(base, `POST&${toBase64(utf8("/operation/authorize"))}&${toBase64(nonce)}&${toBase64(body)}`);
  const data = signedData(base, secret);
  // 2. It signs with the keys of its factors at its counter value, three steps ahead of the server.
  const deviceKeys = activationKeys(client, client.secretKey(master));
  const ctr = advanceCounter(client, counter, 3);
  const text = computeSignature(client, row, factorKeys(deviceKeys, "possession_knowledge"), ctr, data);
  // 3. The server splits the text into one component per factor.
  const keys = activationKeys(server, server.secretKey(master));
  const components = parseOnline(row, text, factorsOf("possession_knowledge").length)!;
  // 4. It searches the possession component first …
  const found = findComponent(server, row, keys.possession, counter, 20, data, components[0]!)!;
  assert.deepEqual(found, { offset: 3, ctr });
  // 5. … and looks at the others at that value only.
  assert.ok(matchesAt(server, row, factorKeys(keys, "possession_knowledge"), found.ctr, data, components));
  assert.ok(
    !matchesAt(server, row, factorKeys(keys, "possession_knowledge"), nextCounter(server, found.ctr), data, components),
  );
});

testMixed("every combination round-trips in every version (signatures)", (client, server) => {
  const data = signedData(signatureBase("GET", "/x", nonce, undefined), secret);
  for (const row of versions) {
    for (const combination of combinations) {
      const text = computeSignature(
        client,
        row,
        factorKeys(activationKeys(client, client.secretKey(master)), combination),
        counter,
        data,
      );
      const keys = factorKeys(activationKeys(server, server.secretKey(master)), combination);
      const components = parseOnline(row, text, keys.length)!;
      assert.ok(matchesAt(server, row, keys, counter, data, components), `${row.version} ${combination}`);
      assert.equal(findComponent(server, row, keys[0]!, counter, 1, data, components[0]!)?.offset, 0);
    }
  }
});

testOnBoth("one changed bit of key, counter or data changes every component", (crypto) => {
  const data = signedData(signatureBase("POST", "/x", nonce, body), secret);
  const bytes = [seededRandom(4)(16), seededRandom(5)(16), seededRandom(6)(16)];
  const compute = (keys: readonly Uint8Array[], ctr: Uint8Array, signed: Uint8Array) =>
    signatureComponents(crypto, keys.map(crypto.secretKey), ctr, signed).map(toBase64);
  const original = compute(bytes, counter, data);
  const differsEverywhere = (other: readonly string[]) =>
    other.every((component, index) => component !== original[index]);
  fc.assert(
    fc.property(fc.nat(100_000), (bit) => {
      assert.ok(differsEverywhere(compute(bytes, flipBit(counter, bit), data)));
      assert.ok(differsEverywhere(compute(bytes, counter, flipBit(data, bit))));
      const otherPossession = compute([flipBit(bytes[0]!, bit), bytes[1]!, bytes[2]!], counter, data);
      assert.notEqual(otherPossession[0], original[0]);
      const otherBiometry = compute([bytes[0]!, bytes[1]!, flipBit(bytes[2]!, bit)], counter, data);
      assert.deepEqual(otherBiometry.slice(0, 2), original.slice(0, 2));
      assert.notEqual(otherBiometry[2], original[2]);
    }),
    { numRuns: 40 },
  );
});

testOnBoth(
  "a signature is refused when one bit of its text, of the nonce, the body or the resource changes",
  (crypto) => {
    const row = versionRow("3.1")!;
    const keys = factorKeys(activationKeys(crypto, crypto.secretKey(master)), "possession_knowledge");
    const base = signatureBase("POST", "/x", nonce, body);
    const text = computeSignature(crypto, row, keys, counter, signedData(base, secret));
    const accepts = (signature: string, data: Uint8Array) => {
      const components = parseOnline(row, signature, 2);
      return components !== undefined && matchesAt(crypto, row, keys, counter, data, components);
    };
    assert.ok(accepts(text, signedData(base, secret)));
    fc.assert(
      fc.property(fc.nat(100_000), (bit) => {
        assert.ok(!accepts(toBase64(flipBit(fromBase64(text)!, bit)), signedData(base, secret)));
        assert.ok(!accepts(text, signedData(signatureBase("POST", "/x", flipBit(nonce, bit), body), secret)));
        assert.ok(!accepts(text, signedData(signatureBase("POST", "/x", nonce, flipBit(body, bit)), secret)));
      }),
      { numRuns: 40 },
    );
    assert.ok(!accepts(text, signedData(signatureBase("PUT", "/x", nonce, body), secret)));
    assert.ok(!accepts(text, signedData(signatureBase("POST", "/y", nonce, body), secret)));
    assert.ok(!accepts(text, signedData(base, "offline")));
  },
);

testOnBoth("the window ends with the look-ahead: 20 values are offsets 0 to 19 (hash-based counter)", (crypto) => {
  const row = versionRow("3.0")!;
  const key = crypto.secretKey(master);
  const data = utf8("x");
  const at = (offset: number) => computeSignature(crypto, row, [key], advanceCounter(crypto, counter, offset), data);
  assert.equal(findComponent(crypto, row, key, counter, 20, data, at(19))?.offset, 19);
  assert.equal(findComponent(crypto, row, key, counter, 20, data, at(20)), undefined);
  assert.equal(findComponent(crypto, row, key, nextCounter(crypto, counter), 20, data, at(0)), undefined);
});

test("a header's signature must have the form of its version and one component per factor (formats)", () => {
  const [decimal, base64] = [versionRow("3.0")!, versionRow("3.2")!];
  assert.deepEqual(parseOnline(decimal, "12345678-00000001", 2), ["12345678", "00000001"]);
  assert.equal(parseOnline(base64, toBase64(new Uint8Array(32)), 2)?.length, 2);
  const refused: [typeof decimal, string, number][] = [
    [decimal, "12345678", 2],
    [decimal, "12345678-00000001", 1],
    [decimal, "1234567-800000001", 2],
    [decimal, "12345678-0000000a", 2],
    [decimal, "12345678-0000000", 2],
    [decimal, "", 1],
    [decimal, toBase64(new Uint8Array(16)), 1],
    [base64, "12345678", 1],
    [base64, toBase64(new Uint8Array(16)), 2],
    [base64, toBase64(new Uint8Array(17)), 1],
    [base64, toBase64(new Uint8Array(16)).replace("A==", "B=="), 1],
  ];
  for (const [row, text, count] of refused)
    assert.equal(parseOnline(row, text, count), undefined, `${row.version} ${text} ${count}`);
});

test("combinations are named in any letter case and by no other word (headers)", () => {
  for (const combination of combinations) {
    assert.equal(factorCombination(combination.toUpperCase()), combination);
    assert.equal(factorsOf(combination).join("_"), combination);
  }
  for (const text of ["", "all", "knowledge_biometry", "knowledge_possession", "constructor", "__proto__"]) {
    assert.equal(factorCombination(text), undefined, text);
  }
});

test("the signed text has empty parts where method, resource, nonce or body are missing (data)", () => {
  assert.equal(signatureBase(undefined, undefined, "", undefined), "GET&&&");
  assert.equal(signatureBase("delete", "/žluť", nonce, new Uint8Array(0)), `DELETE&L8W+bHXFpQ==&${toBase64(nonce)}&`);
});

test("a retyped code has 4 to 8 digits per component and matches nothing else (offline signatures)", () => {
  for (const [client, server] of mixedProviders) {
    const data = utf8("x");
    const keysOn = (crypto: typeof client) =>
      factorKeys(activationKeys(crypto, crypto.secretKey(master)), "possession_biometry");
    for (const length of [4, 5, 6, 7, 8]) {
      const code = computeOffline(client, keysOn(client), counter, data, length);
      assert.match(code, new RegExp(`^[0-9]{${length}}-[0-9]{${length}}$`));
      const components = parseOffline(code, 2, length)!;
      assert.ok(matchesOfflineAt(server, keysOn(server), counter, data, components, length));
      assert.ok(!matchesOfflineAt(server, keysOn(server), nextCounter(server, counter), data, components, length));
      assert.equal(parseOffline(code, 1, length), undefined);
      assert.equal(parseOffline(code.replace("-", " "), 2, length), undefined);
    }
  }
  for (const length of [3, 9, 4.5, Number.NaN])
    assert.throws(() => formatOffline([new Uint8Array(32)], length), RangeError);
});

testOnBoth("no components match nothing", (crypto) => {
  assert.ok(!matchesAt(crypto, versionRow("3.0")!, [], counter, utf8("x"), []));
});
