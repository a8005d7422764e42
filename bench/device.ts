/** A device reduced to arithmetic: activated once over HTTP, then it signs requests ahead of time. */
import { randomFillSync } from "node:crypto";
import { toBase64, utf8 } from "@countersign/protocol/bytes";
import { nodeCrypto } from "@countersign/protocol/crypto-node";
import { isFailure } from "@countersign/protocol/errors";
import { createActivationRequest, processActivationResponse } from "@countersign/protocol/powerauth/activation";
import { decodeClientConfiguration } from "@countersign/protocol/powerauth/client-configuration";
import { nextCounter } from "@countersign/protocol/powerauth/counter";
import {
  encryptionHeaderName,
  signatureHeaderName,
  writeEncryptionHeader,
  writeSignatureHeader,
} from "@countersign/protocol/powerauth/headers";
import { activationKeys, masterSecret } from "@countersign/protocol/powerauth/keys";
import { computeSignature, signatureBase, signedData } from "@countersign/protocol/powerauth/signature";
import { versionRow } from "@countersign/protocol/powerauth/versions";

export interface BenchDevice {
  readonly activationId: string;
  /** Header of a right two-factor signature; the counter moves. */
  sign(uriId: string, body: string): Record<string, string>;
  /** The same with another PIN: possession is right, knowledge is not. */
  signWrongPin(uriId: string, body: string): Record<string, string>;
  /** A signature of nobody: no counter value of the window matches. */
  signUnproven(uriId: string, body: string): Record<string, string>;
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
  let ctr = result.ctrData;
  const header = (
    uriId: string,
    body: string,
    possession: typeof otherKey,
    knowledge: typeof otherKey,
    moves: boolean,
  ) => {
    const nonce = random(16);
    const base = signatureBase("POST", uriId, nonce, utf8(body));
    const data = signedData(base, applicationSecret);
    const signature = computeSignature(nodeCrypto, signing, [possession, knowledge], ctr, data);
    if (moves) ctr = nextCounter(nodeCrypto, ctr);
    return {
      [signatureHeaderName]: writeSignatureHeader({
        activationId: result.activationId,
        applicationKey,
        nonce: toBase64(nonce),
        signatureType: "possession_knowledge",
        signature,
        version: signing,
      }),
    };
  };
  return {
    activationId: result.activationId,
    sign: (uriId, body) => header(uriId, body, keys.possession, keys.knowledge, true),
    signWrongPin: (uriId, body) => header(uriId, body, keys.possession, otherKey, true),
    signUnproven: (uriId, body) => header(uriId, body, otherKey, otherKey, false),
  };
}
