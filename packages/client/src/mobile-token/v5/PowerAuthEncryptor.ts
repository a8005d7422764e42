/**
 * The encryptor of edition 5: one object for one exchange, everything in Base64, ready to be sent as it is.
 */
import { fromBase64, fromUtf8, toBase64, utf8, type Bytes } from "@countersign/protocol/bytes";
import type { CallOptions } from "../../engine/transport.ts";
import {
  PowerAuthEncryptor as RepeatableEncryptor,
  type PowerAuthCryptogram,
  type PowerAuthDecryptor,
  type PowerAuthEncryptorScope,
} from "../PowerAuthEncryptor.ts";
import { PowerAuthError } from "../PowerAuthError.ts";

export interface PowerAuthEncryptedRequest {
  /** The body to send, in Base64: decode it first. */
  readonly requestBody: string;
  /** To be sent along, unless the request is signed in activation scope: then the signature header says it all. */
  readonly requestHeaders: readonly { readonly name: string; readonly value: string }[];
}

/** Encrypts one request and decrypts its answer; after that, and after `release`, it is `INVALID_NATIVE_OBJECT`. */
export class PowerAuthEncryptor {
  readonly scope: PowerAuthEncryptorScope;
  readonly #translate: (error: PowerAuthError) => PowerAuthError;
  #encryptor: RepeatableEncryptor | undefined;
  #decryptor: PowerAuthDecryptor | undefined;

  /** @internal */
  constructor(
    scope: PowerAuthEncryptorScope,
    instanceId: string,
    translate: (error: PowerAuthError) => PowerAuthError,
  ) {
    this.scope = scope;
    this.#encryptor = new RepeatableEncryptor(scope, instanceId);
    this.#translate = translate;
  }

  /** The same as `scope`. */
  get encryptorScope(): PowerAuthEncryptorScope {
    return this.scope;
  }

  async canEncryptRequest(): Promise<boolean> {
    return (await this.#encryptor?.canEncryptRequest()) ?? false;
  }

  async canDecryptResponse(): Promise<boolean> {
    return (await this.#decryptor?.canDecryptResponse()) ?? false;
  }

  /** An empty body unless given. Throws `INVALID_NATIVE_OBJECT` the second time, else as the encryptor of edition 4. */
  async encryptRequest(requestBodyBase64 = "", options?: CallOptions): Promise<PowerAuthEncryptedRequest> {
    const encryptor = this.#encryptor;
    if (encryptor === undefined) throw usedUp();
    this.#encryptor = undefined;
    try {
      const { cryptogram, header, decryptor } = await encryptor.encryptRequest(requestBodyBase64, "BASE64", options);
      this.#decryptor = decryptor;
      const requestBody = toBase64(utf8(JSON.stringify(cryptogram)));
      return { requestBody, requestHeaders: [{ name: header.name, value: header.value }] };
    } catch (error) {
      throw error instanceof PowerAuthError ? this.#translate(error) : error;
    }
  }

  /** The answer's bytes and what they say, both in Base64. Throws `INVALID_NATIVE_OBJECT`, `ENCRYPTION_ERROR`. */
  async decryptResponse(responseBodyBase64: string): Promise<string> {
    const decryptor = this.#decryptor;
    if (decryptor === undefined) throw usedUp();
    this.#decryptor = undefined;
    return decryptor.decryptResponse(readCryptogram(fromBase64(responseBodyBase64)), "BASE64");
  }

  async release(): Promise<void> {
    this.#encryptor = undefined;
    this.#decryptor = undefined;
  }
}

function readCryptogram(body: Bytes | undefined): PowerAuthCryptogram {
  try {
    return JSON.parse((body && fromUtf8(body)) ?? "") as PowerAuthCryptogram;
  } catch (originalException) {
    throw new PowerAuthError("ENCRYPTION_ERROR", "The answer is not an encrypted one", { originalException });
  }
}

function usedUp(): PowerAuthError {
  return new PowerAuthError("INVALID_NATIVE_OBJECT", "The encryptor can be used no more");
}
