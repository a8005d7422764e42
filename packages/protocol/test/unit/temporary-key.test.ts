import assert from "node:assert/strict";
import { fromBase64Url, toBase64Url, utf8 } from "@countersign/protocol/bytes";
import type { CryptoProvider } from "@countersign/protocol/crypto";
import { isFailure } from "@countersign/protocol/errors";
import {
  createTemporaryKeyRequest,
  createTemporaryKeyResponse,
  processTemporaryKeyResponse,
  readTemporaryKeyRequest,
  temporaryKeyMac,
  verifyTemporaryKeyRequest,
  type TemporaryKeyClaims,
} from "@countersign/protocol/powerauth/temporary-key";
import fc from "fast-check";
import { carry, flipBit, seededRandom, testMixed, testOnBoth } from "../providers.ts";

const applicationSecret = "Szls/7JWbKN+FAOijHcsPA==";
const claims: TemporaryKeyClaims = {
  applicationKey: "w4+hAeogFLTZjcSjPwbG2g==",
  challenge: "AAECAwQFBgcICQoLDA0ODxAR",
};
const activationClaims: TemporaryKeyClaims = { ...claims, activationId: "2d5784ce-8cf5-4ea7-aec8-1fa3d6a2975e" };
const transportBytes = seededRandom(1)(16);
const temporaryKeyId = "5f8c0b1e-6a0d-4a3f-9d57-2f1f6f2f9c11";
const issuedAt = 1_750_000_000_123;

function responseOn(crypto: CryptoProvider, request: TemporaryKeyClaims) {
  const signer = crypto.generateKeyPair(seededRandom(2));
  const { publicKey } = crypto.generateKeyPair(seededRandom(3));
  const key = { temporaryKeyId, publicKey, issuedAt, expiresAt: issuedAt + 300_000 };
  return { signer, key, jwt: createTemporaryKeyResponse(crypto, signer.privateKey, request, key) };
}

testMixed(
  "a device asks for a temporary key and takes the one it asked for, in both scopes (temporary keys)",
  (client, server) => {
    for (const asked of [claims, activationClaims]) {
      const isBound = asked.activationId !== undefined;
      const macKeyOn = (crypto: CryptoProvider) =>
        temporaryKeyMac(crypto, isBound ? crypto.secretKey(transportBytes) : undefined, applicationSecret);
      // 1. The device signs its claims with the application secret, bound to the activation where there is one.
      const request = createTemporaryKeyRequest(client, asked, macKeyOn(client));
      // 2. The server reads who asks, to find the key …
      const unverified = readTemporaryKeyRequest(request);
      assert.ok(!isFailure(unverified));
      // 3. … and verifies with it.
      assert.deepEqual(verifyTemporaryKeyRequest(server, unverified, macKeyOn(server)), asked);
      // 4. It makes a key pair and signs an answer.
      const { signer, key, jwt } = responseOn(server, asked);
      // 5. The device checks the signature and that the answer is to its own question.
      const processed = processTemporaryKeyResponse(client, carry(server, client, signer.publicKey), jwt, asked);
      assert.ok(!isFailure(processed));
      const { publicKey, ...rest } = processed;
      assert.deepEqual(rest, { temporaryKeyId, issuedAt, expiresAt: issuedAt + 300_000 });
      assert.deepEqual(
        client.exportPublicKey(publicKey, "compressed"),
        server.exportPublicKey(key.publicKey, "compressed"),
      );
    }
  },
);

testOnBoth("the request has the bytes known clients send (temporary keys, example)", (crypto) => {
  const jwt = createTemporaryKeyRequest(crypto, claims, temporaryKeyMac(crypto, undefined, applicationSecret));
  assert.equal(
    jwt,
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhcHBsaWNhdGlvbktleSI6Inc0K2hBZW9nRkxUWmpjU2pQd2JHMmc9PSIsImNoYWxsZW5nZSI6" +
      "IkFBRUNBd1FGQmdjSUNRb0xEQTBPRHhBUiJ9.OcTbznj_xVt7zrVxucZNv0lMKh17zIpaFDMRbRYowxI",
  );
});

/** The token with one bit of one part's bytes changed. */
function flipJwt(jwt: string, part: number, bit: number): string {
  return jwt
    .split(".")
    .map((text, index) => (index === part ? toBase64Url(flipBit(fromBase64Url(text)!, bit)) : text))
    .join(".");
}

testOnBoth("a request with one changed bit anywhere is refused (temporary keys)", (crypto) => {
  const macKey = temporaryKeyMac(crypto, undefined, applicationSecret);
  const jwt = createTemporaryKeyRequest(crypto, claims, macKey);
  fc.assert(
    fc.property(fc.nat(2), fc.nat(100_000), (part, bit) => {
      const read = readTemporaryKeyRequest(flipJwt(jwt, part, bit));
      if (!isFailure(read)) {
        assert.deepEqual(verifyTemporaryKeyRequest(crypto, read, macKey), { error: "temporary-key-signature-invalid" });
      }
    }),
    { numRuns: 200 },
  );
  const read = readTemporaryKeyRequest(jwt);
  assert.ok(!isFailure(read));
  const bound = temporaryKeyMac(crypto, crypto.secretKey(transportBytes), applicationSecret);
  assert.deepEqual(verifyTemporaryKeyRequest(crypto, read, bound), { error: "temporary-key-signature-invalid" });
});

testOnBoth("an answer with one changed bit anywhere is refused (temporary keys)", (crypto) => {
  const { signer, jwt } = responseOn(crypto, claims);
  fc.assert(
    fc.property(fc.nat(2), fc.nat(100_000), (part, bit) => {
      assert.ok(isFailure(processTemporaryKeyResponse(crypto, signer.publicKey, flipJwt(jwt, part, bit), claims)));
    }),
    { numRuns: 60 },
  );
});

testOnBoth("an answer is refused for another question, another signer or another header (temporary keys)", (crypto) => {
  const { signer, jwt } = responseOn(crypto, activationClaims);
  const process = (text: string, request = activationClaims, key = signer.publicKey) =>
    processTemporaryKeyResponse(crypto, key, text, request);
  assert.ok(!isFailure(process(jwt)));
  for (const changes of [
    { challenge: "x" },
    { applicationKey: "AAAAAAAAAAAAAAAAAAAAAA==" },
    { activationId: temporaryKeyId },
  ]) {
    assert.deepEqual(process(jwt, { ...activationClaims, ...changes }), { error: "temporary-key-mismatch" });
  }
  const stranger = crypto.generateKeyPair(seededRandom(5)).publicKey;
  assert.deepEqual(process(jwt, activationClaims, stranger), { error: "temporary-key-signature-invalid" });

  const [, payload] = jwt.split(".") as [string, string];
  for (const header of [
    '{"alg":"ES256"}',
    '{"alg":"ES256","typ":"jwt"}',
    '{"alg":"none","typ":"JWT"}',
    '{"alg":"HS256","typ":"JWT"}',
    "[]",
    "null",
    "x",
  ]) {
    assert.deepEqual(
      process(sign(crypto, signer.privateKey, header, payload)),
      { error: "temporary-key-malformed" },
      header,
    );
  }
  assert.ok(!isFailure(process(sign(crypto, signer.privateKey, '{"typ":"JWT","kid":"1","alg":"ES256"}', payload))));
});

function sign(
  crypto: CryptoProvider,
  key: Parameters<CryptoProvider["sign"]>[0],
  header: string,
  payload: string,
): string {
  const input = `${toBase64Url(utf8(header))}.${payload}`;
  return `${input}.${toBase64Url(crypto.sign(key, utf8(input), "jose"))}`;
}

testOnBoth("an answer with claims missing or of the wrong type is refused (temporary keys)", (crypto) => {
  const { signer, jwt } = responseOn(crypto, claims);
  const payload = JSON.parse(Buffer.from(jwt.split(".")[1]!, "base64url").toString()) as Record<string, unknown>;
  const process = (changes: object) => {
    const text = toBase64Url(utf8(JSON.stringify({ ...payload, ...changes })));
    return processTemporaryKeyResponse(
      crypto,
      signer.publicKey,
      sign(crypto, signer.privateKey, '{"alg":"ES256","typ":"JWT"}', text),
      claims,
    );
  };
  assert.ok(!isFailure(process({})));
  assert.ok(!isFailure(process({ iat: undefined, exp: undefined })), "only the millisecond claims are read");
  for (const changes of [
    { sub: 5 },
    { sub: "x" },
    { publicKey: 5 },
    { iat_ms: "1750000000123" },
    { exp_ms: undefined },
    { exp_ms: -1 },
    { iat_ms: 0.5 },
  ]) {
    assert.deepEqual(process(changes), { error: "temporary-key-malformed" }, JSON.stringify(changes));
  }
  for (const publicKey of ["", "?", "AAAA"]) assert.deepEqual(process({ publicKey }), { error: "public-key-invalid" });
});

testOnBoth("a request that is no HS256 JWT with the claims is refused (temporary keys)", (crypto) => {
  const macKey = temporaryKeyMac(crypto, undefined, applicationSecret);
  const jwt = createTemporaryKeyRequest(crypto, claims, macKey);
  const [header, payload, mac] = jwt.split(".") as [string, string, string];
  const part = (value: unknown) => toBase64Url(utf8(JSON.stringify(value)));
  const malformed = { error: "temporary-key-malformed" };
  assert.ok(!isFailure(readTemporaryKeyRequest(`${part({ alg: "HS256" })}.${payload}.${mac}`)));
  for (const text of [
    "",
    "..",
    `${header}.${payload}`,
    `${header}.${payload}.`,
    `.${payload}.${mac}`,
    `${jwt}.x`,
    `${jwt}=`,
    `${header}.${payload}.${mac} `,
    `${part({ alg: "none" })}.${payload}.${mac}`,
    `${part({ alg: "ES256" })}.${payload}.${mac}`,
    `${header}.${part([])}.${mac}`,
    `${header}.${part({ ...claims, challenge: "" })}.${mac}`,
    `${header}.${part({ ...claims, challenge: 5 })}.${mac}`,
    `${header}.${part({ ...claims, applicationKey: "AAAA" })}.${mac}`,
    `${header}.${part({ ...claims, activationId: 5 })}.${mac}`,
    `${header}.${toBase64Url(Uint8Array.of(0xff))}.${mac}`,
    ".".repeat(1_000_000),
  ]) {
    assert.deepEqual(readTemporaryKeyRequest(text), malformed, text.slice(0, 60));
  }
});

testOnBoth("an application secret of another size is a broken promise", (crypto) => {
  for (const secret of ["", "AAAA", "?"]) assert.throws(() => temporaryKeyMac(crypto, undefined, secret), TypeError);
});
