import assert from "node:assert/strict";
import { concat, fromBase64, toBase64, utf8, type Bytes } from "@countersign/protocol/bytes";
import type { CryptoProvider } from "@countersign/protocol/crypto";
import { isFailure } from "@countersign/protocol/errors";
import {
  encryptorIds,
  openRequest,
  openResponse,
  readEncryptedRequest,
  readEncryptedResponse,
  sealRequest,
  sealResponse,
  type EncryptedRequest,
  type EncryptedResponse,
  type EnvelopeContext,
} from "@countersign/protocol/powerauth/ecies";
import { versionRow, versions } from "@countersign/protocol/powerauth/versions";
import fc from "fast-check";
import { carry, flipBit, seededRandom, testMixed, testOnBoth } from "../providers.ts";

const transportBytes = seededRandom(1)(16);
const now = 1_750_000_000_123;
const few = { numRuns: 12 };

function contextOn(crypto: CryptoProvider, version: string, encryptor: EnvelopeContext["encryptor"]): EnvelopeContext {
  const row = versionRow(version)!;
  return {
    version: row,
    encryptor,
    applicationKey: "w4+hAeogFLTZjcSjPwbG2g==",
    applicationSecret: "Szls/7JWbKN+FAOijHcsPA==",
    ...(row.temporaryKeys && { temporaryKeyId: "5f8c0b1e-6a0d-4a3f-9d57-2f1f6f2f9c11" }),
    ...(encryptor.scope === "activation" && {
      activationId: "2d5784ce-8cf5-4ea7-aec8-1fa3d6a2975e",
      transportKey: crypto.secretKey(transportBytes),
    }),
  };
}

/** One exchange as far as the opened request. */
function exchangeOn(
  client: CryptoProvider,
  server: CryptoProvider,
  version: string,
  encryptor: EnvelopeContext["encryptor"],
  plaintext: Bytes,
) {
  const recipient = server.generateKeyPair(seededRandom(2));
  const publicKey = carry(server, client, recipient.publicKey);
  const sent = sealRequest(client, seededRandom(3), contextOn(client, version, encryptor), publicKey, plaintext, now);
  const context = contextOn(server, version, encryptor);
  const opened = openRequest(server, context, recipient.privateKey, sent.request);
  assert.ok(!isFailure(opened));
  return { sent, opened, context, recipient };
}

testMixed("a request and its response travel under one envelope key (ECIES)", (client, server) => {
  // 1. The client draws an ephemeral key, agrees on a secret with the recipient's key and encrypts.
  // 2. The server comes to the same envelope key, checks the MAC, decrypts.
  const { sent, opened } = exchangeOn(client, server, "3.3", encryptorIds.tokenCreate, utf8("{}"));
  assert.deepEqual(Object.keys(sent.request), [
    "temporaryKeyId",
    "ephemeralPublicKey",
    "encryptedData",
    "mac",
    "nonce",
    "timestamp",
  ]);
  assert.deepEqual(opened.plaintext, utf8("{}"));
  // 3. It answers with a nonce and a time of its own.
  const response = sealResponse(server, seededRandom(4), opened.exchange, utf8('{"tokenId":"x"}'), now + 5);
  assert.deepEqual(Object.keys(response), ["encryptedData", "mac", "nonce", "timestamp"]);
  assert.notEqual(response.nonce, sent.request.nonce);
  assert.equal(response.timestamp, now + 5);
  // 4. The client opens the answer with what it kept.
  assert.deepEqual(openResponse(client, sent.exchange, response), utf8('{"tokenId":"x"}'));
});

testMixed("every use and version carries any bytes there and back (ECIES)", (client, server) => {
  for (const { version } of versions) {
    for (const encryptor of Object.values(encryptorIds)) {
      const plaintext = seededRandom(version.length)(version === "3.0" ? 0 : 100);
      const { sent, opened } = exchangeOn(client, server, version, encryptor, plaintext);
      assert.deepEqual(opened.plaintext, plaintext);
      const response = sealResponse(server, seededRandom(5), opened.exchange, plaintext, now);
      assert.deepEqual(openResponse(client, sent.exchange, response), plaintext);
    }
  }
});

const members = ["ephemeralPublicKey", "encryptedData", "mac", "nonce"] as const;

testOnBoth("a request with one changed bit in any member is refused, in every version (ECIES)", (crypto) => {
  for (const { version } of versions) {
    const { sent, context, recipient } = exchangeOn(
      crypto,
      crypto,
      version,
      encryptorIds.activationGeneric,
      utf8("secret"),
    );
    const open = (request: EncryptedRequest) => openRequest(crypto, context, recipient.privateKey, request);
    for (const member of members) {
      const text = sent.request[member];
      if (text === undefined || text === null) continue;
      fc.assert(
        fc.property(fc.nat(100_000), (bit) => {
          const changed = { ...sent.request, [member]: toBase64(flipBit(fromBase64(text)!, bit)) };
          // 3.1 does not authenticate the nonce: only the IV follows from it.
          if (version === "3.1" && member === "nonce") assert.notDeepEqual(open(changed), open(sent.request));
          else assert.ok(isFailure(open(changed)), `${version} ${member}`);
        }),
        few,
      );
    }
    if (sent.request.timestamp === undefined) continue;
    assert.deepEqual(open({ ...sent.request, timestamp: now + 1 }), { error: "envelope-mac-invalid" });
  }
});

testOnBoth("a response with one changed bit in any member is refused (ECIES)", (crypto) => {
  for (const { version } of versions) {
    const { sent, opened } = exchangeOn(crypto, crypto, version, encryptorIds.activationGeneric, utf8("secret"));
    const response = sealResponse(crypto, seededRandom(6), opened.exchange, utf8("answer"), now);
    for (const member of ["encryptedData", "mac", "nonce"] as const) {
      const text = response[member];
      if (text === undefined || text === null) continue;
      fc.assert(
        fc.property(fc.nat(100_000), (bit) => {
          const changed = { ...response, [member]: toBase64(flipBit(fromBase64(text)!, bit)) };
          assert.deepEqual(openResponse(crypto, sent.exchange, changed), { error: "envelope-mac-invalid" });
        }),
        few,
      );
    }
  }
});

testOnBoth(
  "members that are missing or superfluous for the version are refused (ECIES, members by version)",
  (crypto) => {
    const all = {
      nonce: toBase64(new Uint8Array(16)),
      timestamp: now,
      temporaryKeyId: "5f8c0b1e-6a0d-4a3f-9d57-2f1f6f2f9c11",
    };
    const malformed = { error: "envelope-malformed" };
    for (const { version } of versions) {
      const { sent, opened, context, recipient } = exchangeOn(
        crypto,
        crypto,
        version,
        encryptorIds.applicationGeneric,
        utf8("x"),
      );
      const response = sealResponse(crypto, seededRandom(7), opened.exchange, utf8("y"), now);
      const names = ["nonce", "timestamp", "temporaryKeyId"] as const;
      for (const name of names) {
        const present = sent.request[name] !== undefined;
        const changed = { ...sent.request, [name]: present ? undefined : all[name] };
        assert.deepEqual(
          openRequest(crypto, context, recipient.privateKey, changed),
          malformed,
          `${version} request ${name}`,
        );
        // A null member counts as absent.
        const nulled = openRequest(crypto, context, recipient.privateKey, {
          ...sent.request,
          [name]: present ? sent.request[name] : null,
        });
        assert.ok(!isFailure(nulled));
        if (name === "temporaryKeyId") continue;
        const answered = response[name] !== undefined;
        const changedResponse = { ...response, [name]: answered ? undefined : all[name] };
        assert.deepEqual(
          openResponse(crypto, sent.exchange, changedResponse),
          malformed,
          `${version} response ${name}`,
        );
      }
    }
  },
);

testOnBoth("members of wrong form or size are refused before anything is decrypted (ECIES)", (crypto) => {
  const { sent, context, recipient } = exchangeOn(crypto, crypto, "3.2", encryptorIds.applicationGeneric, utf8("x"));
  const open = (changes: object) => openRequest(crypto, context, recipient.privateKey, { ...sent.request, ...changes });
  const { request } = sent;
  for (const changes of [
    { mac: request.mac.slice(0, -4) },
    { mac: toBase64(concat(fromBase64(request.mac)!, Uint8Array.of(0))) },
    { mac: "" },
    { mac: 5 },
    { nonce: toBase64(new Uint8Array(15)) },
    { nonce: "?" },
    { encryptedData: request.encryptedData.replace("=", "") + "!" },
    { encryptedData: null },
    { timestamp: -1 },
    { timestamp: 0.5 },
    { timestamp: 2 ** 60 },
    { timestamp: "1750000000123" },
    { ephemeralPublicKey: `${request.ephemeralPublicKey}\n` },
    { ephemeralPublicKey: undefined },
  ]) {
    assert.deepEqual(open(changes), { error: "envelope-malformed" }, JSON.stringify(changes));
  }
  for (const point of [new Uint8Array(65), new Uint8Array(0), Uint8Array.of(2, ...new Uint8Array(32).fill(255))]) {
    assert.deepEqual(open({ ephemeralPublicKey: toBase64(point) }), { error: "envelope-key-invalid" });
  }
});

testOnBoth("an envelope opens nowhere but where it was made for (ECIES, shared info)", (crypto) => {
  const other: readonly [string, Partial<Record<keyof EnvelopeContext, unknown>>][] = [
    ["another endpoint", { encryptor: encryptorIds.vaultUnlock }],
    ["another application secret", { applicationSecret: "AAAAAAAAAAAAAAAAAAAAAA==" }],
    ["another transport key", { transportKey: crypto.secretKey(new Uint8Array(16)) }],
    ["another activation", { activationId: "3d5784ce-8cf5-4ea7-aec8-1fa3d6a2975e" }],
    ["another application", { applicationKey: "AAAAAAAAAAAAAAAAAAAAAA==" }],
  ];
  const { sent, context, recipient } = exchangeOn(crypto, crypto, "3.3", encryptorIds.tokenCreate, utf8("x"));
  for (const [what, changes] of other) {
    const opened = openRequest(
      crypto,
      { ...context, ...changes } as EnvelopeContext,
      recipient.privateKey,
      sent.request,
    );
    assert.deepEqual(opened, { error: "envelope-mac-invalid" }, what);
  }
  const stranger = crypto.generateKeyPair(seededRandom(9)).privateKey;
  assert.deepEqual(openRequest(crypto, context, stranger, sent.request), { error: "envelope-mac-invalid" });
  const otherKey = { ...context, temporaryKeyId: "6f8c0b1e-6a0d-4a3f-9d57-2f1f6f2f9c11" };
  assert.deepEqual(openRequest(crypto, otherKey, recipient.privateKey, sent.request), {
    error: "temporary-key-mismatch",
  });
});

testOnBoth("a response opens only for the request it answers, and no response is a request (ECIES)", (crypto) => {
  const { sent, opened } = exchangeOn(crypto, crypto, "3.2", encryptorIds.activationGeneric, utf8("x"));
  const recipient = crypto.generateKeyPair(seededRandom(2));
  const second = sealRequest(
    crypto,
    seededRandom(33),
    contextOn(crypto, "3.2", encryptorIds.activationGeneric),
    recipient.publicKey,
    utf8("x"),
    now,
  );
  const response = sealResponse(crypto, seededRandom(8), opened.exchange, utf8("y"), now);
  assert.deepEqual(openResponse(crypto, second.exchange, response), { error: "envelope-mac-invalid" });
  const { encryptedData, mac, nonce, timestamp } = sent.request;
  assert.deepEqual(openResponse(crypto, sent.exchange, { encryptedData, mac, nonce, timestamp }), {
    error: "envelope-mac-invalid",
  });
});

testOnBoth(
  "a response never repeats the request's nonce, whatever the randomness (ECIES, response nonce)",
  (crypto) => {
    const { sent, opened } = exchangeOn(crypto, crypto, "3.2", encryptorIds.activationGeneric, utf8("x"));
    const draws = [fromBase64(sent.request.nonce!)!, new Uint8Array(16).fill(9)];
    const response = sealResponse(crypto, () => draws.shift()!, opened.exchange, utf8("y"), now);
    assert.equal(response.nonce, toBase64(new Uint8Array(16).fill(9)));
  },
);

testOnBoth("3.0 and 3.1 answer under the request's key and IV, as those versions have it (ECIES)", (crypto) => {
  for (const version of ["3.0", "3.1"]) {
    const { sent, opened } = exchangeOn(crypto, crypto, version, encryptorIds.activationGeneric, utf8("same"));
    const response = sealResponse(crypto, seededRandom(1), opened.exchange, utf8("same"), now);
    assert.deepEqual(response, { encryptedData: sent.request.encryptedData, mac: sent.request.mac });
  }
});

testOnBoth("a broken promise of the caller is thrown, not returned", (crypto) => {
  const { publicKey } = crypto.generateKeyPair(seededRandom(2));
  const context = contextOn(crypto, "3.3", encryptorIds.tokenCreate);
  for (const missing of ["transportKey", "activationId", "temporaryKeyId"] as const) {
    const broken = { ...context, [missing]: undefined };
    assert.throws(() => sealRequest(crypto, seededRandom(3), broken, publicKey, utf8("x"), now), TypeError, missing);
  }
});

testOnBoth("untrusted JSON becomes an envelope by its types only (ECIES, JSON)", (crypto) => {
  const { sent } = exchangeOn(crypto, crypto, "3.3", encryptorIds.tokenCreate, utf8("x"));
  assert.deepEqual(readEncryptedRequest(JSON.parse(JSON.stringify(sent.request))), sent.request);
  const malformed = { error: "envelope-malformed" };
  for (const value of [
    null,
    1,
    "x",
    [],
    {},
    { encryptedData: 1, mac: "" },
    { ...sent.request, nonce: 1 },
    { ...sent.request, timestamp: "1" },
  ]) {
    assert.deepEqual(readEncryptedRequest(value), malformed);
    assert.deepEqual(readEncryptedResponse(value), malformed);
  }
  assert.deepEqual(readEncryptedRequest({ ...sent.request, temporaryKeyId: 1 }), malformed);
  assert.deepEqual(readEncryptedRequest({ ...sent.request, ephemeralPublicKey: undefined }), malformed);
  const response: EncryptedResponse = { encryptedData: "", mac: "", nonce: undefined, timestamp: undefined };
  assert.deepEqual(readEncryptedResponse({ encryptedData: "", mac: "", nonce: null }), response);
});
