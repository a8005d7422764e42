/** A device reduced to arithmetic: activated once over HTTP, then it signs requests ahead of time. */
import { randomFillSync } from "node:crypto";
import { toBase64, utf8 } from "@countersign/protocol/bytes";
import { nodeCrypto } from "@countersign/protocol/crypto-node";
import { isFailure } from "@countersign/protocol/errors";
import { createActivationRequest, processActivationResponse } from "@countersign/protocol/powerauth/activation";
import { decodeClientConfiguration } from "@countersign/protocol/powerauth/client-configuration";
import { nextCounter } from "@countersign/protocol/powerauth/counter";
import { encryptorIds, openResponse, sealRequest } from "@countersign/protocol/powerauth/ecies";
import {
  encryptionHeaderName,
  signatureHeaderName,
  tokenHeaderName,
  writeEncryptionHeader,
  writeSignatureHeader,
  writeTokenHeader,
} from "@countersign/protocol/powerauth/headers";
import { activationKeys, masterSecret } from "@countersign/protocol/powerauth/keys";
import { computeSignature, signatureBase, signedData } from "@countersign/protocol/powerauth/signature";
import { tokenDigest } from "@countersign/protocol/powerauth/token";
import { versionRow } from "@countersign/protocol/powerauth/versions";

export interface BenchDevice {
  readonly activationId: string;
  /** Header of a right two-factor signature; the counter moves. */
  sign(uriId: string, body: string): Record<string, string>;
  /** The same with another PIN: possession is right, knowledge is not. */
  signWrongPin(uriId: string, body: string): Record<string, string>;
  /** A signature of nobody: no counter value of the window matches. */
  signUnproven(uriId: string, body: string): Record<string, string>;
  /** Makes a token, and then headers of it, each good for one request. */
  createToken(): Promise<() => Record<string, string>>;
}

const random = (length: number) => randomFillSync(new Uint8Array(length));
const signing = versionRow("3.3")!;
/** No temporary key to fetch: one request per device. */
const activating = versionRow("3.2")!;

export async function activateDevice(publicUrl: string, configuration: string, code: string): Promise<BenchDevice> {
  const decoded = decodeClientConfiguration(configuration);
  if (isFailure(decoded)) throw new Error(decoded.error);
  const applicationKey = toBase64(decoded.applicationKey);
  const applicationSecret = toBase64(decoded.applicationSecret);
  const master = nodeCrypto.importPublicKey(decoded.masterPublicKey);
  if (master === undefined) throw new Error("Master key is not valid");
  const pair = nodeCrypto.generateKeyPair(random);
  const { request, exchange } = createActivationRequest(
    nodeCrypto,
    random,
    { version: activating, applicationKey, applicationSecret },
    master,
    pair.publicKey,
    { type: "CODE", identityAttributes: { code } },
    { activationName: "bench" },
    Date.now(),
  );
  const response = await fetch(`${publicUrl}/pa/v3/activation/create`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      [encryptionHeaderName]: writeEncryptionHeader({ applicationKey, version: activating }),
    },
    body: JSON.stringify(request),
  });
  if (response.status !== 200) throw new Error(`Activation answered ${response.status}: ${await response.text()}`);
  const result = processActivationResponse(nodeCrypto, exchange, await response.json());
  if (isFailure(result)) throw new Error(result.error);

  const keys = activationKeys(nodeCrypto, masterSecret(nodeCrypto, pair.privateKey, result.serverPublicKey));
  const otherKey = nodeCrypto.secretKey(random(16));
  const makeToken = async (): Promise<() => Record<string, string>> => {
    const context = {
      version: activating,
      encryptor: encryptorIds.tokenCreate,
      applicationKey,
      applicationSecret,
      activationId: result.activationId,
      transportKey: keys.transport,
    };
    const sealed = sealRequest(nodeCrypto, random, context, result.serverPublicKey, utf8("{}"), Date.now());
    const body = JSON.stringify(sealed.request);
    const answer = await fetch(`${publicUrl}/pa/v3/token/create`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...header("/pa/token/create", body, keys.possession, keys.knowledge, true, activating),
      },
      body,
    });
    if (answer.status !== 200) throw new Error(`Token answered ${answer.status}: ${await answer.text()}`);
    const opened = openResponse(nodeCrypto, sealed.exchange, await answer.json());
    if (isFailure(opened)) throw new Error(opened.error);
    const token = JSON.parse(Buffer.from(opened).toString("utf8")) as { tokenId: string; tokenSecret: string };
    const secret = nodeCrypto.secretKey(Buffer.from(token.tokenSecret, "base64"));
    return () => {
      const nonce = random(16);
      const timestamp = String(Date.now());
      const digest = toBase64(tokenDigest(nodeCrypto, signing, secret, nonce, timestamp));
      const { tokenId } = token;
      return {
        [tokenHeaderName]: writeTokenHeader({
          tokenId,
          tokenDigest: digest,
          nonce: toBase64(nonce),
          timestamp,
          version: signing,
        }),
      };
    };
  };
  let ctr = result.ctrData;
  const header = (
    uriId: string,
    body: string,
    possession: typeof otherKey,
    knowledge: typeof otherKey,
    moves: boolean,
    version = signing,
  ) => {
    const nonce = random(16);
    const base = signatureBase("POST", uriId, nonce, utf8(body));
    const data = signedData(base, applicationSecret);
    const signature = computeSignature(nodeCrypto, version, [possession, knowledge], ctr, data);
    if (moves) ctr = nextCounter(nodeCrypto, ctr);
    return {
      [signatureHeaderName]: writeSignatureHeader({
        activationId: result.activationId,
        applicationKey,
        nonce: toBase64(nonce),
        signatureType: "possession_knowledge",
        signature,
        version,
      }),
    };
  };
  return {
    activationId: result.activationId,
    sign: (uriId, body) => header(uriId, body, keys.possession, keys.knowledge, true),
    signWrongPin: (uriId, body) => header(uriId, body, keys.possession, otherKey, true),
    signUnproven: (uriId, body) => header(uriId, body, otherKey, otherKey, false),
    createToken: () => makeToken(),
  };
}
