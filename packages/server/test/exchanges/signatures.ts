/** `/rest/v3`: signatures online and offline, their list, tokens, vault, decryptor, temporary keys, upgrade. */
import { toBase64, utf8 } from "@countersign/protocol/bytes";
import { nodeCrypto } from "@countersign/protocol/crypto-node";
import { encryptorIds } from "@countersign/protocol/powerauth/ecies";
import { readHeaderMembers } from "@countersign/protocol/powerauth/headers";
import { signatureBase } from "@countersign/protocol/powerauth/signature";
import { signedRequest } from "../front-server.ts";
import { retype, scan, seed, verifiedData } from "../offline-device.ts";
import { unknownId } from "./activations.ts";
import { base64, bool, date, error, type Exchange, list, long, orNull, type Scene, text } from "./exchange.ts";

const cryptogramAnswer = { encryptedData: base64(), mac: base64(), nonce: base64(), timestamp: long };
const document = toBase64(utf8("a document"));

const verdict =
  (more: object = {}) =>
  ({ device, user, app }: Scene) => ({
    signatureValid: true,
    activationStatus: "ACTIVE",
    blockedReason: null,
    activationId: device.activationId,
    userId: user,
    applicationId: app.applicationId,
    signatureType: "POSSESSION_KNOWLEDGE",
    remainingAttempts: 5,
    applicationRoles: list(),
    activationFlags: list(),
    ...more,
  });

const byId =
  (more: object = {}) =>
  ({ device }: Scene) => ({ activationId: device.activationId, ...more });
const signedByDevice =
  (signatureFormat: "DER" | "JOSE") =>
  ({ device }: Scene) => {
    const format = signatureFormat === "DER" ? "der" : "jose";
    const signature = toBase64(nodeCrypto.sign(device.privateKey, utf8("a document"), format));
    return { activationId: device.activationId, data: document, signature, signatureFormat };
  };

const retyped =
  (how: Parameters<typeof retype>[2], more: object = {}) =>
  ({ device, kept }: Scene) => {
    const payload = scan(kept.offlineData);
    const [data, signature] = [verifiedData(payload), retype(device, payload, how)];
    return { activationId: device.activationId, data, signature, allowBiometry: true, ...more };
  };

async function tokenRequest({ device, app, kept }: Scene) {
  const sealed = await device.encrypt(encryptorIds.tokenCreate, "{}");
  kept.tokenExchange = sealed.exchange;
  const { activationId } = device;
  const { applicationKey } = app;
  return { activationId, applicationKey, signatureType: "POSSESSION", protocolVersion: "3.3", ...sealed.request };
}

function tokenValidation({ device, kept }: Scene) {
  const [header] = Object.values(device.withToken(kept.token));
  const { token_id, token_digest, nonce, timestamp, version } = readHeaderMembers(header!)!;
  return {
    tokenId: token_id,
    tokenDigest: token_digest,
    nonce,
    timestamp: Number(timestamp),
    protocolVersion: version,
  };
}

const vaultRequest =
  (pin?: string) =>
  async ({ device, app }: Scene) => {
    const sealed = await device.encrypt(encryptorIds.vaultUnlock, JSON.stringify({ reason: "ADD_BIOMETRY" }));
    const uriId = "/pa/vault/unlock";
    const [header] = Object.values(device.sign({ uriId, body: sealed.body, ...(pin !== undefined && { pin }) }));
    const parts = readHeaderMembers(header!)!;
    return {
      activationId: device.activationId,
      applicationKey: app.applicationKey,
      signature: parts.pa_signature,
      signatureType: "POSSESSION_KNOWLEDGE",
      signatureVersion: "3.3",
      signedData: signatureBase("POST", uriId, parts.pa_nonce!, utf8(sealed.body)),
      ...sealed.request,
    };
  };

async function decryptorRequest({ device, app }: Scene) {
  const { request } = await device.encrypt(encryptorIds.activationGeneric, "{}");
  const { temporaryKeyId, ephemeralPublicKey, nonce, timestamp } = request;
  const { activationId } = device;
  const named = { activationId, applicationKey: app.applicationKey, protocolVersion: "3.3" };
  return { ...named, temporaryKeyId, ephemeralPublicKey, nonce, timestamp };
}

const upgradeRequest = ({ device, app }: Scene) => ({
  activationId: device.activationId,
  applicationKey: app.applicationKey,
});

const auditItem = ({ user, app, device }: Scene) => ({
  id: long,
  userId: user,
  applicationId: app.applicationId,
  activationId: device.activationId,
  activationCounter: long,
  activationCtrData: null,
  activationStatus: "ACTIVE",
  additionalInfo: [{ key: text, value: text }] as const,
  dataBase64: null,
  signatureVersion: orNull(text),
  signatureType: text,
  signature: null,
  note: text,
  valid: bool,
  version: 3,
  timestampCreated: date,
});

export const signatureExchanges: readonly Exchange[] = [
  { path: "/signature/verify", request: ({ device, app }) => signedRequest(device, app), answer: verdict() },
  {
    path: "/signature/verify",
    request: ({ device, app }) => signedRequest(device, app, { pin: "0" }),
    answer: verdict({ signatureValid: false, remainingAttempts: 4 }),
  },
  {
    path: "/signature/verify",
    request: ({ device, app }) => signedRequest(device, app, { factors: "possession" }),
    answer: verdict({ signatureType: "POSSESSION", remainingAttempts: 4 }),
  },
  {
    path: "/signature/verify",
    request: ({ device, app }) => ({ ...signedRequest(device, app), activationId: unknownId }),
    answer: verdict({
      signatureValid: false,
      activationStatus: "REMOVED",
      activationId: unknownId,
      userId: null,
      applicationId: null,
      remainingAttempts: 0,
    }),
  },
  {
    path: "/signature/verify",
    request: ({ device, app }) => ({ ...signedRequest(device, app), signatureType: "OTHER" }),
    answer: error("ERR0024"),
  },
  { path: "/signature/ecdsa/sign", request: byId({ data: document }), answer: { signature: base64() } },
  { path: "/signature/ecdsa/sign", request: byId({ data: "%" }), answer: error("ERR0024") },
  {
    path: "/signature/ecdsa/sign",
    request: () => ({ activationId: unknownId, data: document }),
    answer: error("ERR0009"),
  },
  { path: "/signature/ecdsa/verify", request: signedByDevice("DER"), answer: { signatureValid: true } },
  { path: "/signature/ecdsa/verify", request: signedByDevice("JOSE"), answer: { signatureValid: true } },
  {
    path: "/signature/ecdsa/verify",
    request: (s) => ({ ...signedByDevice("DER")(s), signatureFormat: undefined }),
    answer: { signatureValid: true },
  },
  {
    path: "/signature/ecdsa/verify",
    request: (s) => ({ ...signedByDevice("DER")(s), data: toBase64(utf8("another")) }),
    answer: { signatureValid: false },
  },
  {
    path: "/signature/ecdsa/verify",
    request: (s) => ({ ...signedByDevice("DER")(s), signatureFormat: "RAW" }),
    answer: error("ERR0024"),
  },

  {
    path: "/signature/offline/non-personalized/create",
    request: ({ app }) => ({ applicationId: app.applicationId, data: "1\nPay\nNow\nA2\nB" }),
    answer: { offlineData: text, nonce: base64(16) },
  },
  {
    path: "/signature/offline/non-personalized/create",
    request: () => ({ applicationId: "none", data: "a" }),
    answer: error("ERR0015"),
  },
  {
    path: "/signature/offline/personalized/create",
    request: byId({ data: "1\nPay\nNow\nA2\nB", proximityCheck: { seed, stepLength: 30 } }),
    answer: { offlineData: text, nonce: base64(16) },
    keep: ({ offlineData }, { kept }) => void (kept.offlineData = offlineData),
  },
  {
    path: "/signature/offline/verify",
    request: retyped({}, { proximityCheck: { seed, stepLength: 30, stepCount: 2 } }),
    answer: verdict(),
  },
  {
    path: "/signature/offline/personalized/create",
    request: byId({ data: "1\nPay\nNow\nA2\nB", nonce: toBase64(new Uint8Array(16)) }),
    answer: { offlineData: text, nonce: toBase64(new Uint8Array(16)) },
    keep: ({ offlineData }, { kept }) => void (kept.offlineData = offlineData),
  },
  { path: "/signature/offline/personalized/create", request: byId({ data: "" }), answer: error("ERR0024") },
  {
    path: "/signature/offline/verify",
    request: retyped({ pin: "0" }),
    answer: verdict({ signatureValid: false, remainingAttempts: 4 }),
  },
  {
    path: "/signature/offline/verify",
    request: retyped({ factors: "possession_biometry", length: 6 }, { componentLength: 6 }),
    answer: verdict({ signatureType: "POSSESSION_BIOMETRY" }),
  },
  { path: "/signature/offline/verify", request: byId({ data: "a", signature: "" }), answer: error("ERR0024") },
  {
    path: "/signature/list",
    request: ({ user, app }) => ({
      userId: user,
      applicationId: app.applicationId,
      timestampFrom: 0,
      timestampTo: "2999-01-01T00:00:00.000+00:00",
    }),
    answer: (s) => ({ items: [auditItem(s)] }),
  },
  { path: "/signature/list", request: () => ({ userId: "nobody" }), answer: { items: list() } },
  { path: "/signature/list", request: () => ({}), answer: error("ERR0024") },
  { path: "/signature/list", request: () => ({ userId: "a", timestampFrom: "soon" }), answer: error("ERR0024") },

  {
    path: "/token/create",
    request: tokenRequest,
    answer: cryptogramAnswer,
    keep: (body, { kept, device }) => void (kept.token = device.open(kept.tokenExchange, { status: 200, body })),
  },
  {
    path: "/token/create",
    request: async (s) => ({ ...(await tokenRequest({ ...s, kept: {} })), signatureType: "OTHER" }),
    answer: error("ERR0024"),
  },
  {
    path: "/token/validate",
    request: tokenValidation,
    answer: ({ device, user, app }) => ({
      tokenValid: true,
      activationId: device.activationId,
      activationStatus: "ACTIVE",
      blockedReason: null,
      userId: user,
      applicationId: app.applicationId,
      signatureType: "POSSESSION",
      applicationRoles: list(),
      activationFlags: list(),
    }),
  },
  {
    path: "/token/validate",
    request: (s) => ({ ...tokenValidation(s), tokenId: unknownId }),
    answer: {
      tokenValid: false,
      activationId: null,
      activationStatus: null,
      blockedReason: null,
      userId: null,
      applicationId: null,
      signatureType: null,
      applicationRoles: list(),
      activationFlags: list(),
    },
  },
  { path: "/token/validate", request: (s) => ({ ...tokenValidation(s), nonce: "%" }), answer: error("ERR0024") },
  { path: "/token/remove", request: (s) => byId({ tokenId: s.kept.token.tokenId })(s), answer: { removed: true } },
  { path: "/token/remove", request: byId({ tokenId: unknownId }), answer: { removed: false } },

  { path: "/vault/unlock", request: vaultRequest(), answer: { signatureValid: true, ...cryptogramAnswer } },
  { path: "/vault/unlock", request: vaultRequest("0"), answer: { signatureValid: false } },
  {
    path: "/vault/unlock",
    request: async (s) => ({ ...(await vaultRequest()(s)), activationId: unknownId }),
    answer: error("ERR0009"),
  },
  {
    path: "/ecies/decryptor",
    request: decryptorRequest,
    answer: { secretKey: base64(48), sharedInfo2: base64(32) },
  },
  {
    path: "/ecies/decryptor",
    request: async (s) => ({ ...(await decryptorRequest(s)), temporaryKeyId: unknownId }),
    answer: error("ERR0045"),
  },
  {
    path: "/keystore/create",
    request: async ({ device }) => ({ jwt: (await device.keystore("activation")).sent }),
    answer: { jwt: text },
    keep: ({ jwt }, { kept }) =>
      void (kept.temporaryKey = JSON.parse(Buffer.from(jwt.split(".")[1], "base64url").toString()).sub),
  },
  { path: "/keystore/create", request: () => ({ jwt: "a.b.c" }), answer: error("ERR0045") },
  {
    path: "/keystore/remove",
    request: ({ kept }) => ({ id: kept.temporaryKey }),
    answer: ({ kept }) => ({ id: kept.temporaryKey as string, removed: true }),
  },
  { path: "/upgrade/start", request: upgradeRequest, answer: error("ERR0008") },
  { path: "/upgrade/commit", request: upgradeRequest, answer: error("ERR0008") },
  {
    path: "/upgrade/commit",
    request: (s) => ({ ...upgradeRequest(s), activationId: unknownId }),
    answer: error("ERR0009"),
  },
];
