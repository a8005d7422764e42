/**
 * End-to-end encryption of an application's own requests, in application or activation scope.
 */
import { fromBase64, fromUtf8, toBase64, utf8, type Bytes } from "@countersign/protocol/bytes";
import { encryptorIds, type EncryptedRequest, type EnvelopeExchange } from "@countersign/protocol/powerauth/ecies";
import { decryptResponse, encryptForActivation, encryptForApplication } from "../engine/encrypt.ts";
import { loadState } from "../engine/state.ts";
import type { CallOptions } from "../engine/transport.ts";
import { findInstance, requireInstance, type Instance } from "./instances.ts";
import { asPowerAuthError, PowerAuthError } from "./PowerAuthError.ts";

export type PowerAuthEncryptorScope = "APPLICATION" | "ACTIVATION";
export type PowerAuthDataFormat = "UTF8" | "BASE64";

/** As it goes over the wire in JSON. Which members there are depends on the protocol version. */
export interface PowerAuthCryptogram {
  readonly temporaryKeyId?: string | null | undefined;
  readonly ephemeralPublicKey?: string | null | undefined;
  readonly encryptedData: string;
  readonly mac: string;
  readonly nonce?: string | null | undefined;
  readonly timestamp?: number | null | undefined;
}

export interface PowerAuthEncryptedRequestData {
  readonly cryptogram: EncryptedRequest;
  /** To be sent unless the request is signed as well. `key` and `name` are the same. */
  readonly header: { readonly key: string; readonly name: string; readonly value: string };
  /** Opens the one answer to this request. */
  readonly decryptor: PowerAuthDecryptor;
}

/** Usable any number of times; the scope is checked at each use. */
export class PowerAuthEncryptor {
  readonly encryptorScope: PowerAuthEncryptorScope;
  readonly #instanceId: string;

  constructor(encryptorScope: PowerAuthEncryptorScope, instanceId: string) {
    this.encryptorScope = encryptorScope;
    this.#instanceId = instanceId;
  }

  /** Never throws. */
  async canEncryptRequest(): Promise<boolean> {
    const instance = findInstance(this.#instanceId);
    if (instance === undefined || this.encryptorScope === "APPLICATION") return instance !== undefined;
    return loadState(instance.device).then(
      (state) => state !== undefined,
      () => false,
    );
  }

  /**
   * Encrypts a text, or bytes given in Base64. May fetch a temporary key first; spends no counter value. Throws
   * `MISSING_ACTIVATION` in activation scope, `WRONG_PARAMETER` for bad Base64, `ENCRYPTION_ERROR` and network codes.
   */
  async encryptRequest(
    body: string,
    bodyFormat: PowerAuthDataFormat = "UTF8",
    options?: CallOptions,
  ): Promise<PowerAuthEncryptedRequestData> {
    try {
      const instance = requireInstance(this.#instanceId);
      const { device } = instance;
      const plaintext = decodeData(body, bodyFormat);
      const encrypted =
        this.encryptorScope === "APPLICATION"
          ? await encryptForApplication(device, encryptorIds.applicationGeneric, plaintext, options)
          : await encryptForActivation(device, encryptorIds.activationGeneric, plaintext, options);
      return {
        cryptogram: encrypted.request,
        header: { key: encrypted.header.name, ...encrypted.header },
        decryptor: new PowerAuthDecryptor(this.encryptorScope, instance, encrypted.exchange),
      };
    } catch (error) {
      throw asPowerAuthError(error);
    }
  }

  /** Nothing is held between two uses. */
  async release(): Promise<void> {}
}

const decryptorLifetime = 300_000;

/** Opens one response, once, within five minutes, as long as its instance is configured. */
export class PowerAuthDecryptor {
  readonly decryptorScope: PowerAuthEncryptorScope;
  readonly #instance: Instance;
  readonly #expiresAt: number;
  #exchange: EnvelopeExchange | undefined;

  /** @internal */
  constructor(decryptorScope: PowerAuthEncryptorScope, instance: Instance, exchange: EnvelopeExchange) {
    this.decryptorScope = decryptorScope;
    this.#instance = instance;
    this.#exchange = exchange;
    this.#expiresAt = instance.device.now() + decryptorLifetime;
  }

  /** Never throws. */
  async canDecryptResponse(): Promise<boolean> {
    return this.#usable() !== undefined;
  }

  /** Throws `INVALID_NATIVE_OBJECT` when used up or expired, `ENCRYPTION_ERROR` when the answer does not open. */
  async decryptResponse(cryptogram: PowerAuthCryptogram, outputFormat: PowerAuthDataFormat = "UTF8"): Promise<string> {
    const exchange = this.#usable();
    this.#exchange = undefined;
    if (exchange === undefined) throw new PowerAuthError("INVALID_NATIVE_OBJECT", "The decryptor can be used no more");
    try {
      return encodeData(decryptResponse(this.#instance.device, exchange, cryptogram), outputFormat);
    } catch (error) {
      throw asPowerAuthError(error);
    }
  }

  async release(): Promise<void> {
    this.#exchange = undefined;
  }

  #usable(): EnvelopeExchange | undefined {
    const { device } = this.#instance;
    const isAlive = findInstance(device.instanceId) === this.#instance && device.now() < this.#expiresAt;
    return isAlive ? this.#exchange : undefined;
  }
}

/** Throws `WRONG_PARAMETER`. */
export function decodeData(data: string, format: PowerAuthDataFormat): Bytes {
  const bytes = typeof data !== "string" ? undefined : format === "BASE64" ? fromBase64(data) : utf8(data);
  if (bytes !== undefined) return bytes;
  throw new PowerAuthError("WRONG_PARAMETER", "The data is not in its format");
}

function encodeData(bytes: Bytes, format: PowerAuthDataFormat): string {
  if (format === "BASE64") return toBase64(bytes);
  const text = fromUtf8(bytes);
  if (text !== undefined) return text;
  throw new PowerAuthError("ENCRYPTION_ERROR", "The answer is not UTF-8");
}
