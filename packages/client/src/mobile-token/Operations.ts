/**
 * Operations of the Mobile Token API: see what waits, look at one, decide, look back.
 */
import { currentTime } from "../engine/time.ts";
import type { CallOptions } from "../engine/transport.ts";
import { callWithSignature, callWithToken, type Connection } from "./connection.ts";
import { requireInstance } from "./instances.ts";
import { MobileTokenError } from "./MobileTokenError.ts";
import {
  readOperation,
  readOperations,
  type OnlineOperation,
  type OperationProximityCheck,
  type UserOperation,
} from "./operation.ts";
import { PowerAuthAuthentication } from "./PowerAuthAuthentication.ts";
import type { RejectionReason } from "./RejectionReason.ts";

const base = "/api/auth/token/app/operation";

/** All methods throw `MobileTokenError` and need a valid activation. */
export class Operations {
  readonly #connection: Connection;

  /** @internal */
  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** What waits for this person, newest first. An entry without id or data is left out; anything else odd is kept. */
  async getOperations(options?: CallOptions): Promise<UserOperation[]> {
    return listOf(await callWithToken(this.#connection, `${base}/list`, undefined, options));
  }

  /** One operation as it is now. Fails with the server's code when it does not wait any more. */
  async getDetail(operationId: string, options?: CallOptions): Promise<UserOperation> {
    const operation = readOperation(
      await callWithToken(this.#connection, `${base}/detail`, { id: operationId }, options),
    );
    if (operation !== undefined) return operation;
    throw invalidResponse();
  }

  /** The same as `getDetail`. */
  detail(operationId: string, options?: CallOptions): Promise<UserOperation> {
    return this.getDetail(operationId, options);
  }

  /**
   * Approves. The factors must be among those the operation allows; a wrong password comes back as refusal and is
   * counted. Sends `proximityCheck` and `mobileTokenData` where the operation has them.
   */
  async authorize(
    operation: OnlineOperation,
    authentication: PowerAuthAuthentication,
    options?: CallOptions,
  ): Promise<void> {
    const { id, data, proximityCheck, mobileTokenData } = operation;
    const requestObject = {
      id,
      data,
      ...(proximityCheck != null && { proximityCheck: this.#encodeProximityCheck(proximityCheck) }),
      ...(mobileTokenData != null && { mobileTokenData }),
    };
    const uriId = "/operation/authorize";
    await callWithSignature(this.#connection, `${base}/authorize`, uriId, requestObject, authentication, options);
  }

  /** Rejects, with the device alone as factor. Given as an operation, its `mobileTokenData` goes along. */
  async reject(
    operation: string | OnlineOperation,
    reason: RejectionReason | string,
    options?: CallOptions,
  ): Promise<void> {
    const { id, mobileTokenData } = typeof operation === "string" ? { id: operation } : operation;
    const requestObject = {
      id,
      reason: typeof reason === "string" ? reason : reason.serialized,
      ...(mobileTokenData != null && { mobileTokenData }),
    };
    const possession = PowerAuthAuthentication.possession();
    await callWithSignature(
      this.#connection,
      `${base}/cancel`,
      "/operation/cancel",
      requestObject,
      possession,
      options,
    );
  }

  /** Operations in any state. Needs two factors. */
  async getHistory(authentication: PowerAuthAuthentication, options?: CallOptions): Promise<UserOperation[]> {
    const uriId = "/operation/history";
    const path = `${base}/history`;
    return listOf(await callWithSignature(this.#connection, path, uriId, undefined, authentication, options));
  }

  /** The same as `getHistory`. */
  history(authentication: PowerAuthAuthentication, options?: CallOptions): Promise<UserOperation[]> {
    return this.getHistory(authentication, options);
  }

  /** The one-time password is called `otp` on the wire; the time of sending is the server's as far as it is known. */
  #encodeProximityCheck({ totp, type, timestampReceived }: OperationProximityCheck) {
    const { device } = requireInstance(this.#connection.powerAuth.instanceId);
    const timestampSent = new Date(currentTime(device)).toISOString();
    return { otp: totp, type, timestampReceived: timestampReceived.toISOString(), timestampSent };
  }
}

function listOf(responseObject: unknown): UserOperation[] {
  if (Array.isArray(responseObject)) return readOperations(responseObject);
  throw invalidResponse();
}

function invalidResponse(): MobileTokenError {
  return new MobileTokenError("network_invalidResponseObject", "The server's answer has no operation");
}
