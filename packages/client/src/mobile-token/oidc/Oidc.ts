/**
 * Activation by signing in at an OpenID provider: how to ask it, and what to make of its answer. The activation itself is
 * `powerAuth.createActivation`, with the result of `processWebCallback`.
 */
import { fromUtf8, utf8 } from "@countersign/protocol/bytes";
import { encryptorIds } from "@countersign/protocol/powerauth/ecies";
import { decryptAnswer, encryptForApplication } from "../../engine/encrypt.ts";
import { isRecord } from "../../engine/transport.ts";
import { headersOf, type Connection, type MobileTokenCallOptions } from "../connection.ts";
import { requireInstance } from "../instances.ts";
import { asMobileTokenError, MobileTokenError } from "../MobileTokenError.ts";
import { isText } from "../model/members.ts";
import {
  authorizationUrl,
  codeOfCallback,
  createPkce,
  randomText,
  type OidcConfig,
  type PkceCodes,
} from "./authorization.ts";

/** To be kept until the browser comes back. Whoever has it can finish the sign-in: keep it in memory. */
export interface OidcAuthorizationRequest {
  /** For the browser. */
  readonly authorizeUri: string;
  readonly providerId: string;
  readonly nonce: string;
  readonly state: string;
  /** Where the provider's configuration asks for PKCE. */
  readonly codeVerifier?: string;
}

/** What an activation by OpenID Connect is made of. */
export interface OidcActivationParameters {
  readonly providerId: string;
  readonly code: string;
  readonly nonce: string;
  readonly codeVerifier?: string;
}

export class Oidc {
  readonly #connection: Connection;

  /** @internal */
  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * How to sign in at the provider. Needs no activation; question and answer are encrypted for the application. Throws
   * `MobileTokenError`, for an unknown provider with the server's code.
   */
  async getConfig(providerId: string, options?: MobileTokenCallOptions): Promise<OidcConfig> {
    try {
      const { device } = requireInstance(this.#connection.powerAuth.instanceId);
      const plaintext = utf8(JSON.stringify({ providerId }));
      const encrypted = await encryptForApplication(device, encryptorIds.applicationGeneric, plaintext, options);
      const { name, value } = encrypted.header;
      const headers = headersOf(this.#connection, device, { key: name, value }, options);
      const path = `${this.#connection.baseUrl ?? ""}/api/config/oidc`;
      const answer = await device.transport.post(path, JSON.stringify(encrypted.request), headers, options);
      return readConfig(fromUtf8(decryptAnswer(device, encrypted, answer)) ?? "");
    } catch (error) {
      throw asMobileTokenError(error);
    }
  }

  /** Draws state, nonce and, where wanted, the PKCE verifier, 32 bytes each. */
  async prepareAuthorizationData(config: OidcConfig): Promise<OidcAuthorizationRequest> {
    const { random } = this.#device();
    const pkceCodes = config.pkceEnabled ? this.createPKCE(32) : undefined;
    const request = { nonce: randomText(random, 32), state: randomText(random, 32), pkceCodes };
    return {
      authorizeUri: this.createAuthorizationUrl(config, request),
      providerId: config.providerId,
      nonce: request.nonce,
      state: request.state,
      ...(pkceCodes && { codeVerifier: pkceCodes.codeVerifier }),
    };
  }

  /**
   * Reads the address with which the browser came back. Throws `oidc_callbackInvalid` with `callback-malformed`,
   * `code-missing`, `state-missing` or `state-mismatch` as detail.
   */
  processWebCallback(url: string | URL, request: OidcAuthorizationRequest): OidcActivationParameters {
    const result = codeOfCallback(String(url), request.state);
    if (typeof result === "string") {
      throw new MobileTokenError("oidc_callbackInvalid", `The provider's answer cannot be used: ${result}`, {
        detail: result,
      });
    }
    return {
      providerId: request.providerId,
      code: result.code,
      nonce: request.nonce,
      ...(request.codeVerifier !== undefined && { codeVerifier: request.codeVerifier }),
    };
  }

  /** `length` is in random bytes, 32 to 96; any other counts as 32. */
  createPKCE(length = 32): PkceCodes {
    const { crypto, random } = this.#device();
    return createPkce(crypto, random, length);
  }

  getRandomBase64UrlSafe(length: number): string {
    return randomText(this.#device().random, length);
  }

  createAuthorizationUrl(
    config: Pick<OidcConfig, "authorizeUri" | "clientId" | "redirectUri" | "scopes">,
    request: { readonly state: string; readonly nonce: string; readonly pkceCodes?: PkceCodes | undefined },
  ): string {
    return authorizationUrl(config, request);
  }

  #device() {
    try {
      return requireInstance(this.#connection.powerAuth.instanceId).device;
    } catch (error) {
      throw asMobileTokenError(error);
    }
  }
}

/** The bare configuration, or one inside an envelope. */
function readConfig(text: string): OidcConfig {
  const value = parse(text);
  const object = isRecord(value) && isRecord(value.responseObject) ? value.responseObject : value;
  const { providerId, clientId, scopes, authorizeUri, redirectUri, pkceEnabled } = isRecord(object) ? object : {};
  const scope = Array.isArray(scopes) ? scopes.filter(isText).join(" ") : scopes;
  if (isText(providerId) && isText(clientId) && isText(scope) && isText(authorizeUri) && isText(redirectUri)) {
    return { providerId, clientId, scopes: scope, authorizeUri, redirectUri, pkceEnabled: pkceEnabled === true };
  }
  throw new MobileTokenError("network_invalidResponseObject", "The server's answer has no configuration");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
