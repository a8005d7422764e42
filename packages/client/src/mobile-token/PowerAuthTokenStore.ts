/**
 * The tokens of one instance. A token's secret never leaves the engine.
 */
import type { Header } from "../engine/sign.ts";
import {
  findToken,
  removeAllLocalTokens,
  removeLocalToken,
  removeToken,
  requestToken,
  tokenHeader,
  type Token,
} from "../engine/tokens.ts";
import { EngineError } from "../engine/errors.ts";
import type { CallOptions } from "../engine/transport.ts";
import { requireInstance, type Instance } from "./instances.ts";
import { withUnlock, type PowerAuthAuthentication } from "./PowerAuthAuthentication.ts";
import { asPowerAuthError, type ErrorCodeOverrides, type PowerAuthError } from "./PowerAuthError.ts";

export interface PowerAuthToken {
  readonly tokenName: string;
  readonly tokenIdentifier: string;
}

/** A header for a request of the application's own. `key` and `name` are the same. */
export interface PowerAuthAuthorizationHttpHeader {
  readonly key: string;
  readonly name: string;
  readonly value: string;
}

export class PowerAuthTokenStore {
  readonly instanceId: string;

  constructor(instanceId: string) {
    this.instanceId = instanceId;
  }

  /**
   * The token of that name, from the device or else, with a signed request, from the server. For one that is there
   * already, nothing is verified. Throws `WRONG_PARAMETER` when the name stands for other factors, and the codes of
   * signed calls. Parallel calls for one name share one request.
   */
  requestAccessToken(
    tokenName: string,
    authentication: PowerAuthAuthentication,
    options?: CallOptions,
  ): Promise<PowerAuthToken> {
    return this.#call(async ({ device }) =>
      describe(await withUnlock(device, authentication, (unlock) => requestToken(device, tokenName, unlock, options))),
    );
  }

  /** Removes the token on the server, then here. Throws `INVALID_TOKEN` for an unknown name. */
  removeAccessToken(tokenName: string, options?: CallOptions): Promise<void> {
    return this.#call(({ device }) => removeToken(device, tokenName, options), { "token-unknown": "INVALID_TOKEN" });
  }

  hasLocalToken(tokenName: string): Promise<boolean> {
    return this.#call(async ({ device }) => (await findToken(device, tokenName)) !== undefined);
  }

  /** Throws `LOCAL_TOKEN_NOT_AVAILABLE`. */
  getLocalToken(tokenName: string): Promise<PowerAuthToken> {
    return this.#call(async ({ device }) => {
      const token = await findToken(device, tokenName);
      if (token === undefined) throw new EngineError("token-unknown", "The device has no token of that name");
      return describe(token);
    });
  }

  /** Local: the server keeps the token. An unknown name is no error. */
  removeLocalToken(tokenName: string): Promise<void> {
    return this.#call(({ device }) => removeLocalToken(device, tokenName));
  }

  removeAllLocalTokens(): Promise<void> {
    return this.#call(({ device }) => removeAllLocalTokens(device));
  }

  /**
   * A header that proves the token now; good for one request. The server's time is asked for first where it is not known
   * yet. Throws `LOCAL_TOKEN_NOT_AVAILABLE`, `MISSING_ACTIVATION`, `CANNOT_GENERATE_TOKEN`.
   */
  generateHeaderForToken(tokenName: string, options?: CallOptions): Promise<PowerAuthAuthorizationHttpHeader> {
    return this.#call(async ({ device }) => asAuthorizationHeader(await tokenHeader(device, tokenName, options)));
  }

  /** The same as `generateHeaderForToken`. */
  generateAuthenticationHeader(tokenName: string, options?: CallOptions): Promise<PowerAuthAuthorizationHttpHeader> {
    return this.generateHeaderForToken(tokenName, options);
  }

  async #call<T>(run: (instance: Instance) => Promise<T>, overrides?: ErrorCodeOverrides): Promise<T> {
    try {
      return await run(requireInstance(this.instanceId));
    } catch (error) {
      throw this.translate(asPowerAuthError(error, overrides));
    }
  }

  /** Where another API level has other codes. */
  protected translate(error: PowerAuthError): PowerAuthError {
    return error;
  }
}

export function asAuthorizationHeader({ name, value }: Header): PowerAuthAuthorizationHttpHeader {
  return { key: name, name, value };
}

function describe(token: Token): PowerAuthToken {
  return { tokenName: token.name, tokenIdentifier: token.id };
}
