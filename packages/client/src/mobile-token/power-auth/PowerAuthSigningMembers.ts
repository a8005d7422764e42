/**
 * Signatures: headers for requests, codes for people to retype, and those of the server to be verified. Part of
 * `PowerAuth`.
 */
import { fromBase64, utf8, type Bytes } from "@countersign/protocol/bytes";
import { isFailure } from "@countersign/protocol/errors";
import { parseActivationCode, verifyActivationCode } from "@countersign/protocol/powerauth/activation-code";
import { canonicalQuery, formEncode } from "@countersign/protocol/powerauth/canonical-query";
import { EngineError } from "../../engine/errors.ts";
import { signOffline, signRequest } from "../../engine/sign.ts";
import { inTurn, loadState } from "../../engine/state.ts";
import { serverKey } from "../../engine/temporary-keys.ts";
import { readLength } from "../configurations.ts";
import { findInstance, requireInstance, type Instance } from "../instances.ts";
import { withUnlock, type PowerAuthAuthentication } from "../PowerAuthAuthentication.ts";
import { decodeData } from "../PowerAuthEncryptor.ts";
import { asPowerAuthError, PowerAuthError } from "../PowerAuthError.ts";
import { asAuthorizationHeader, type PowerAuthAuthorizationHttpHeader } from "../PowerAuthTokenStore.ts";
import { PowerAuthActivationMembers } from "./PowerAuthActivationMembers.ts";

/** Keys of a digital signature. Those for post-quantum algorithms have no meaning in PowerAuth 3.x. */
export const PowerAuthSignatureKeyId = {
  MASTER: "master",
  MASTER_EC: "masterEc",
  MASTER_ML_DSA: "masterMlDsa",
  SERVER: "server",
  SERVER_EC: "serverEc",
  SERVER_ML_DSA: "serverMlDsa",
  DEVICE: "device",
  DEVICE_EC: "deviceEc",
  DEVICE_ML_DSA: "deviceMlDsa",
  MAC_PERSONALIZED: "macPersonalized",
} as const;
export type PowerAuthSignatureKeyId = (typeof PowerAuthSignatureKeyId)[keyof typeof PowerAuthSignatureKeyId];

const verifyingKeys: Partial<Record<PowerAuthSignatureKeyId, "master" | "server">> = {
  master: "master",
  masterEc: "master",
  server: "server",
  serverEc: "server",
};

type Parameters = Readonly<Record<string, string>>;

export class PowerAuthSigningMembers extends PowerAuthActivationMembers {
  /**
   * Header for a GET request: signs its query, given as parameters. Spends a counter value. Throws
   * `MISSING_ACTIVATION`, `WRONG_PARAMETER`, `SIGNATURE_ERROR`, `INVALID_NATIVE_OBJECT`, biometry codes.
   */
  requestGetSignature(
    authentication: PowerAuthAuthentication,
    uriId: string,
    params?: Parameters,
  ): Promise<PowerAuthAuthorizationHttpHeader> {
    return this.authenticationHeaderForRequestWithParams(authentication, "GET", uriId, params);
  }

  /** `requestGetSignature` for any method: the query is signed in place of the body. */
  authenticationHeaderForRequestWithParams(
    authentication: PowerAuthAuthentication,
    method: string,
    uriId: string,
    params?: Parameters,
  ): Promise<PowerAuthAuthorizationHttpHeader> {
    return this.call(({ device }) => {
      const request = { method: readMethod(method), uriId, body: utf8(queryOf(params)) };
      return withUnlock(device, authentication, async (unlock) =>
        asAuthorizationHeader(await signRequest(device, unlock, request)),
      );
    });
  }

  /**
   * Header for a request with exactly this body. Spends a counter value, which is stored before the header is returned;
   * requests must arrive in the order of their headers (`serial`). A wrong password is not noticed here. Throws as
   * `requestGetSignature`.
   */
  requestSignature(
    authentication: PowerAuthAuthentication,
    method: string,
    uriId: string,
    body?: string | Uint8Array,
  ): Promise<PowerAuthAuthorizationHttpHeader> {
    return this.call(({ device }) => {
      const request = { method: readMethod(method), uriId, body: asBytes(body) };
      return withUnlock(device, authentication, async (unlock) =>
        asAuthorizationHeader(await signRequest(device, unlock, request)),
      );
    });
  }

  /** The same as `requestSignature`. */
  authenticationHeaderForRequestWithBody(
    authentication: PowerAuthAuthentication,
    method: string,
    uriId: string,
    body?: string | Uint8Array,
  ): Promise<PowerAuthAuthorizationHttpHeader> {
    return this.requestSignature(authentication, method, uriId, body);
  }

  /**
   * Digits that a person retypes: eight per factor unless configured otherwise, joined by hyphens. `nonce` is Base64. Spends a counter value. A
   * wrong password gives digits as well. Throws as `requestGetSignature`.
   */
  offlineSignature(
    authentication: PowerAuthAuthentication,
    uriId: string,
    nonce: string,
    body?: string | Uint8Array,
  ): Promise<string> {
    return this.callUnlocked(authentication, ({ device, configurations }, unlock) => {
      const length = readLength(configurations.configuration);
      return signOffline(device, unlock, { uriId, nonce, body: asBytes(body), length });
    });
  }

  /** The same as `offlineSignature`. */
  offlineAuthenticationCode(
    authentication: PowerAuthAuthentication,
    uriId: string,
    nonce: string,
    body?: string | Uint8Array,
  ): Promise<string> {
    return this.offlineSignature(authentication, uriId, nonce, body);
  }

  /**
   * Whether the server signed the text (Base64 of a DER signature): with the application's master key, or else with the
   * key of this activation. Without an activation the latter is false.
   */
  verifyServerSignedData(data: string, signature: string, masterKey: boolean): Promise<boolean> {
    return this.call((instance) => verifyWith(instance, masterKey ? "master" : "server", utf8(data), signature));
  }

  /**
   * Resolves when the key of the application or of the activation's server has signed the data; both are Base64. Throws
   * `WRONG_SIGNATURE`, and `WRONG_PARAMETER` for any other key.
   */
  verifyDigitalSignature(signature: string, data: string, keyId: PowerAuthSignatureKeyId): Promise<void> {
    return this.call(async (instance) => {
      const key = verifyingKeys[keyId];
      if (key === undefined) throw new PowerAuthError("WRONG_PARAMETER", "There is no such key to verify with");
      if (await verifyWith(instance, key, decodeData(data, "BASE64"), signature)) return;
      throw new PowerAuthError("WRONG_SIGNATURE", "The signature is wrong");
    });
  }

  /** Whether a scanned code carries the application's signature. Never throws. */
  async verifyScannedActivationCode(scannedCode: string): Promise<boolean> {
    const device = findInstance(this.instanceId)?.device;
    const scanned = parseActivationCode(String(scannedCode));
    if (device === undefined || isFailure(scanned) || scanned.signature === undefined) return false;
    return verifyActivationCode(device.crypto, device.application.masterPublicKey, scanned.code, scanned.signature);
  }

  /**
   * Runs `run`, which computes a signature and awaits the response, while no other signed call of this instance is
   * between signature and response. Calls of this object that sign and send wait for their turn: do not await one inside.
   */
  async serial<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await inTurn(requireInstance(this.instanceId).device, run);
    } catch (error) {
      // What `run` throws is its caller's own.
      throw error instanceof EngineError ? this.translate(asPowerAuthError(error)) : error;
    }
  }
}

async function verifyWith(instance: Instance, key: "master" | "server", data: Bytes, signature: string) {
  const { device } = instance;
  const state = key === "master" ? undefined : await loadState(device);
  const publicKey = key === "master" ? device.application.masterPublicKey : state && serverKey(device, state);
  const bytes = fromBase64(signature);
  return publicKey !== undefined && bytes !== undefined && device.crypto.verify(publicKey, data, bytes, "der");
}

/** Upper case. Throws `WRONG_PARAMETER`. */
function readMethod(method: string): string {
  if (typeof method === "string" && /^[A-Za-z]+$/.test(method)) return method.toUpperCase();
  throw new PowerAuthError("WRONG_PARAMETER", "That is no HTTP method");
}

function asBytes(body: string | Uint8Array | undefined): Bytes {
  return typeof body === "string" ? utf8(body) : (body ?? new Uint8Array(0));
}

/** The canonical query the server computes from the request's own. Throws `WRONG_PARAMETER` for values that are no text. */
function queryOf(params: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(params).map(([name, value]) => {
    if (typeof value !== "string") throw new PowerAuthError("WRONG_PARAMETER", "A query parameter is not a string");
    return `${formEncode(name)}=${formEncode(value)}`;
  });
  return canonicalQuery(pairs.join("&")) ?? "";
}
