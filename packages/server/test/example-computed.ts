/** What examples hold that only a device, or somebody with keys, can compute. */
import { fromBase64Url, toBase64, utf8 } from "@countersign/protocol/bytes";
import { nodeCrypto } from "@countersign/protocol/crypto-node";
import { hotp } from "@countersign/protocol/otp/hotp";
import { encryptorIds } from "@countersign/protocol/powerauth/ecies";
import { readHeaderMembers } from "@countersign/protocol/powerauth/headers";
import { signatureBase } from "@countersign/protocol/powerauth/signature";
import { values } from "../src/api/docs/values.ts";
import { createDevice } from "./device.ts";
import { container, type Replacement, type Scene, startedActivation } from "./example-world.ts";
import { serviceAccount } from "./example-gateways.ts";
import { signedRequest } from "./front-server.ts";
import { retype, scan, verifiedData } from "./offline-device.ts";
import { ecKey } from "./push-bank.ts";

const offlineData = "0a1e2f3b\nPayment\nRent\nA1*A1250.00EUR*NRent\nB";

/** Members that only a device can compute: they take the place of those in the example. */
export const computed: Readonly<
  Record<string, (scene: Scene, by: Replacement) => Promise<Readonly<Record<string, unknown>>>>
> = {
  async "POST /v1/otp/validate"(scene) {
    const { cid, record } = await container(scene);
    const secret = fromBase64Url(record.otp!.find(({ label }) => label === "event")!.secret)!;
    return { containerId: cid, otp: hotp(secret, 0, { digits: 6, algorithm: "SHA1" }) };
  },
  async "POST /rest/v3/activation/prepare"(scene) {
    const { activationCode } = await startedActivation(scene, "CREATED");
    return { activationCode, ...(await sealedActivation(scene)) };
  },
  "POST /rest/v3/activation/create": sealedActivation,
  async "POST /rest/v3/signature/verify"({ bank, app, user }) {
    return { ...signedRequest(await bank.device(app, user), app) };
  },
  async "POST /rest/v3/signature/ecdsa/verify"({ bank, app, user }) {
    const device = await bank.device(app, user);
    const data = utf8("a document");
    const signature = toBase64(nodeCrypto.sign(device.privateKey, data, "der"));
    return { activationId: device.activationId, data: toBase64(data), signature };
  },
  async "POST /rest/v3/token/create"({ bank, app, user }) {
    const device = await bank.device(app, user);
    const { request } = await device.encrypt(encryptorIds.tokenCreate, "{}");
    return { activationId: device.activationId, ...request };
  },
  async "POST /rest/v3/token/validate"({ bank, app, user }) {
    const device = await bank.device(app, user);
    const { token } = await device.createToken("possession");
    const [header = ""] = Object.values(device.withToken(token));
    const parts = readHeaderMembers(header)!;
    const { token_id: tokenId, token_digest: tokenDigest, nonce, timestamp } = parts;
    return { tokenId, tokenDigest, nonce, timestamp: Number(timestamp) };
  },
  async "POST /rest/v3/token/remove"({ bank, app, user }) {
    const device = await bank.device(app, user);
    const { token } = await device.createToken("possession");
    return { tokenId: token.tokenId, activationId: device.activationId };
  },
  async "POST /rest/v3/vault/unlock"({ bank, app, user }) {
    const device = await bank.device(app, user);
    const sealed = await device.encrypt(encryptorIds.vaultUnlock, JSON.stringify({ reason: "ADD_BIOMETRY" }));
    const [header = ""] = Object.values(device.sign({ uriId: "/pa/vault/unlock", body: sealed.body }));
    const parts = readHeaderMembers(header)!;
    const signedData = signatureBase("POST", "/pa/vault/unlock", parts.pa_nonce!, utf8(sealed.body));
    return { activationId: device.activationId, signature: parts.pa_signature, signedData, ...sealed.request };
  },
  async "POST /rest/v3/ecies/decryptor"({ bank, app, user }) {
    const device = await bank.device(app, user);
    const {
      encryptedData: _,
      mac: __,
      ...envelope
    } = (await device.encrypt(encryptorIds.activationGeneric, "{}")).request;
    return { activationId: device.activationId, ...envelope };
  },
  async "POST /rest/v3/keystore/create"({ bank, app, user }) {
    return { jwt: (await (await bank.device(app, user)).keystore("activation")).sent };
  },
  async "POST /v1/operations/:id/offline-code"({ bank, devices }, by) {
    const activationId = by.get(values.activation) as string;
    const { body } = await bank.v1("POST", `/operations/${by.get(values.operation) as string}/offline-qr`, {
      activationId,
    });
    return { code: retype(devices.get(activationId)!, scan(body.qr)) };
  },
  async "POST /rest/v3/signature/offline/verify"({ bank, app, user }) {
    const device = await bank.device(app, user);
    const request = { activationId: device.activationId, data: offlineData };
    const payload = scan((await bank.done("/signature/offline/personalized/create", request)).offlineData);
    return { activationId: device.activationId, data: verifiedData(payload), signature: retype(device, payload) };
  },
  "PUT /v1/push-gateways/:applicationId/apns": async () => ({ key: ecKey() }),
  "PUT /v1/push-gateways/:applicationId/fcm": async () => ({ serviceAccount: serviceAccount() }),
  async "POST /rest/v3/keystore/remove"({ bank, app, user }) {
    const { sent } = await (await bank.device(app, user)).keystore("activation");
    const { jwt } = await bank.done("/keystore/create", { jwt: sent });
    return { id: JSON.parse(Buffer.from(jwt.split(".")[1], "base64url").toString()).sub };
  },
};

async function sealedActivation({ app }: Scene): Promise<Record<string, unknown>> {
  const device = createDevice(app);
  const devicePublicKey = toBase64(nodeCrypto.exportPublicKey(device.publicKey, "uncompressed"));
  const inner = JSON.stringify({ devicePublicKey, activationName: "Anna's phone" });
  return { ...(await device.encrypt(encryptorIds.activationLayer2, inner)).request };
}
