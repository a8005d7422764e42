/** `/rest/v3/activation`: from the code to the end, lists, flags and history. */
import { toBase64 } from "@countersign/protocol/bytes";
import { nodeCrypto } from "@countersign/protocol/crypto-node";
import { encryptorIds } from "@countersign/protocol/powerauth/ecies";
import { createDevice } from "../device.ts";
import {
  activationCode,
  base64,
  date,
  digits,
  empty,
  error,
  type Exchange,
  list,
  long,
  object,
  orNull,
  type Scene,
  text,
  uuid,
} from "./exchange.ts";

export const unknownId = "6e5f34d6-1f0d-4a8b-9d0e-7b2f2f3c4d5e";
const cryptogramAnswer = { encryptedData: base64(), mac: base64(), nonce: base64(), timestamp: long };

/** The encrypted part of a key exchange by a device of its own. */
async function keyExchange({ app }: Scene): Promise<object> {
  const fresh = createDevice(app);
  const devicePublicKey = toBase64(nodeCrypto.exportPublicKey(fresh.publicKey, "uncompressed"));
  const inner = JSON.stringify({ devicePublicKey, activationName: "phone", platform: "ios", deviceInfo: "iPhone12,3" });
  const { request } = await fresh.encrypt(encryptorIds.activationLayer2, inner);
  return { applicationKey: app.applicationKey, protocolVersion: "3.3", generateRecoveryCodes: false, ...request };
}

const init = ({ app, kept }: Scene) => ({ userId: kept.customer, applicationId: app.applicationId, flags: ["NEW"] });
const byId =
  (more: object = {}) =>
  ({ kept }: Scene) => ({ activationId: kept.activation, ...more });
const withId =
  (more: object) =>
  ({ kept }: Scene) => ({ activationId: kept.activation, ...more });
const prepared = (scene: Scene, activationId: object | string) => ({
  activationId: activationId as string,
  userId: scene.kept.customer as string,
  applicationId: scene.app.applicationId,
  activationStatus: "PENDING_COMMIT",
  ...cryptogramAnswer,
});

const status =
  (more: object = {}) =>
  (scene: Scene) => ({
    activationId: scene.kept.activation as string,
    activationStatus: "ACTIVE",
    activationOtpValidation: "ON_COMMIT",
    commitPhase: "ON_COMMIT",
    blockedReason: null,
    activationName: "phone",
    userId: scene.kept.customer as string,
    extras: null,
    protocol: "powerauth",
    externalId: null,
    platform: "ios",
    deviceInfo: "iPhone12,3",
    additionalData: orNull(object),
    parentActivationId: null,
    transferType: null,
    applicationId: scene.app.applicationId,
    applicationRoles: list(),
    activationFlags: list("NEW"),
    failedAttempts: 0,
    maxFailedAttempts: 5,
    timestampCreated: date,
    timestampLastUsed: date,
    timestampLastChange: date,
    encryptedStatusBlob: base64(32),
    encryptedStatusBlobNonce: orNull(base64(16)),
    activationCode: null,
    activationSignature: null,
    devicePublicKeyFingerprint: digits,
    version: 3,
    ...more,
  });

const listed = (scene: Scene) => ({
  activationId: scene.kept.activation as string,
  activationStatus: "ACTIVE",
  blockedReason: null,
  activationName: "tablet",
  externalId: null,
  extras: null,
  protocol: "powerauth",
  platform: "ios",
  deviceInfo: "iPhone12,3",
  activationFlags: list("GOLD"),
  timestampCreated: date,
  timestampLastUsed: date,
  timestampLastChange: date,
  userId: scene.kept.customer as string,
  applicationId: scene.app.applicationId,
  applicationName: scene.app.applicationId,
  failedAttempts: 0,
  maxFailedAttempts: 5,
  devicePublicKeyBase64: base64(65),
  version: 3,
});

export const activationExchanges: readonly Exchange[] = [
  {
    path: "/activation/init",
    request: init,
    answer: (s) => ({
      activationId: uuid,
      activationCode,
      activationSignature: base64(),
      userId: s.kept.customer as string,
      applicationId: s.app.applicationId,
    }),
    keep: (answer, { kept }) =>
      void Object.assign(kept, { activation: answer.activationId, code: answer.activationCode }),
  },
  { path: "/activation/init", request: (s) => ({ ...init(s), applicationId: "none" }), answer: error("ERR0015") },
  { path: "/activation/init", request: (s) => ({ ...init(s), maxFailureCount: 0 }), answer: error("ERR0040") },
  { path: "/activation/init", request: (s) => ({ ...init(s), userId: "" }), answer: error("ERR0024") },
  {
    path: "/activation/init",
    request: (s) => ({
      ...init(s),
      commitPhase: "ON_COMMIT",
      activationOtpValidation: "ON_COMMIT",
      activationOtp: "1",
    }),
    answer: error("ERR0024"),
  },
  {
    path: "/activation/status",
    request: byId({ challenge: toBase64(new Uint8Array(16)) }),
    answer: (s) =>
      status({
        activationStatus: "CREATED",
        activationOtpValidation: "NONE",
        activationName: null,
        platform: null,
        deviceInfo: null,
        activationCode: s.kept.code as string,
        activationSignature: base64(),
        devicePublicKeyFingerprint: null,
        encryptedStatusBlobNonce: base64(16),
      })(s),
  },
  {
    path: "/activation/prepare",
    request: async (s) => ({ activationCode: s.kept.code, ...(await keyExchange(s)) }),
    answer: (s) => prepared(s, s.kept.activation),
  },
  {
    path: "/activation/prepare",
    request: async (s) => ({ activationCode: s.kept.code, ...(await keyExchange(s)) }),
    answer: error("ERR0007"),
  },
  { path: "/activation/commit", request: () => ({ activationId: unknownId }), answer: error("ERR0009") },
  {
    path: "/activation/otp/update",
    request: byId({ activationOtp: "4711", externalUserId: "clerk" }),
    answer: withId({ updated: true }),
  },
  { path: "/activation/commit", request: byId({ activationOtp: "1" }), answer: error("ERR0031") },
  {
    path: "/activation/commit",
    request: byId({ activationOtp: "4711", externalUserId: "clerk" }),
    answer: withId({ activated: true }),
  },
  { path: "/activation/commit", request: byId({ activationOtp: "4711" }), answer: error("ERR0008") },
  { path: "/activation/otp/update", request: byId({ activationOtp: "4711" }), answer: error("ERR0008") },
  { path: "/activation/status", request: byId(), answer: status({ encryptedStatusBlobNonce: null }) },
  {
    path: "/activation/create",
    request: async (s) => ({ userId: s.kept.customer, ...(await keyExchange(s)) }),
    answer: (s) => prepared(s, uuid),
  },
  {
    path: "/activation/name/update",
    request: byId({ activationName: "tablet", externalUserId: "clerk" }),
    answer: withId({ activationName: "tablet", activationStatus: "ACTIVE" }),
  },
  {
    path: "/activation/block",
    request: byId({ reason: "LOST", externalUserId: "clerk" }),
    answer: withId({ activationStatus: "BLOCKED", blockedReason: "LOST" }),
  },
  {
    path: "/activation/block",
    request: byId(),
    answer: withId({ activationStatus: "BLOCKED", blockedReason: "LOST" }),
  },
  { path: "/activation/unblock", request: byId(), answer: withId({ activationStatus: "ACTIVE" }) },
  { path: "/activation/unblock", request: byId(), answer: withId({ activationStatus: "ACTIVE" }) },
  {
    path: "/activation/flags/create",
    request: byId({ activationFlags: ["GOLD"] }),
    answer: withId({ activationFlags: list("NEW", "GOLD") }),
  },
  {
    path: "/activation/flags/remove",
    request: byId({ activationFlags: ["NEW"] }),
    answer: withId({ activationFlags: list("GOLD") }),
  },
  { path: "/activation/flags/list", request: byId(), answer: withId({ activationFlags: list("GOLD") }) },
  {
    path: "/activation/flags/update",
    request: byId({ activationFlags: ["GOLD"] }),
    answer: withId({ activationFlags: list("GOLD") }),
  },
  { path: "/activation/flags/list", request: () => ({ activationId: unknownId }), answer: error("ERR0009") },
  {
    path: "/activation/list",
    request: ({ kept, app }) => ({
      userId: kept.customer,
      applicationId: app.applicationId,
      activationStatuses: ["ACTIVE"],
      protocols: ["powerauth", "fido2"],
      pageNumber: 0,
      pageSize: 10,
    }),
    answer: (s) => ({ userId: s.kept.customer as string, activations: [listed(s)] }),
  },
  { path: "/activation/list", request: () => ({ userId: "x" }), answer: { userId: "x", activations: empty } },
  { path: "/activation/list", request: () => ({ userId: "x", pageSize: 0 }), answer: error("ERR0024") },
  {
    path: "/activation/lookup",
    request: ({ kept, app }) => ({
      userIds: [kept.customer],
      applicationIds: [app.applicationId],
      timestampLastUsedBefore: "2999-01-01T00:00:00.000+00:00",
      timestampLastUsedAfter: 0,
      activationStatus: "ACTIVE",
      activationFlags: ["GOLD"],
    }),
    answer: (s) => ({ activations: [listed(s)] }),
  },
  { path: "/activation/lookup", request: () => ({ userIds: [] }), answer: error("ERR0024") },
  {
    path: "/activation/history",
    request: byId({ timestampFrom: 0, timestampTo: "2999-01-01T00:00:00.000+00:00" }),
    answer: (s) => ({
      items: [
        {
          id: long,
          activationId: s.kept.activation as string,
          activationStatus: text,
          eventReason: orNull(text),
          externalUserId: orNull(text),
          activationName: orNull(text),
          version: long,
          timestampCreated: date,
        },
      ],
    }),
  },
  {
    path: "/activation/status/update",
    request: ({ kept }) => ({ activationIds: [kept.activation], activationStatus: "BLOCKED" }),
    answer: { updated: true },
  },
  {
    path: "/activation/status/update",
    request: ({ kept }) => ({ activationIds: [kept.activation, unknownId], activationStatus: "ACTIVE" }),
    answer: { updated: false },
  },
  {
    path: "/activation/status/update",
    request: ({ kept }) => ({ activationIds: [kept.activation], activationStatus: "CREATED" }),
    answer: error("ERR0024"),
  },
  {
    path: "/activation/remove",
    request: byId({ revokeRecoveryCodes: true, externalUserId: "clerk" }),
    answer: withId({ removed: true }),
  },
  { path: "/activation/block", request: byId(), answer: error("ERR0008") },
  { path: "/activation/unblock", request: byId(), answer: error("ERR0008") },
  { path: "/activation/remove", request: () => ({ activationId: unknownId }), answer: error("ERR0009") },
];
