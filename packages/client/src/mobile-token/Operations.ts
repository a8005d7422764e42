/**
 * Operations of the Mobile Token API: see what waits, look at one, decide, look back.
 */
import { offlineUriId } from "@countersign/protocol/operation/offline-qr";
import type { CallOptions } from "../engine/transport.ts";
import { callWithSignature, callWithToken, type Connection } from "./connection.ts";
import { requireInstance } from "./instances.ts";
import { asMobileTokenError, MobileTokenError } from "./MobileTokenError.ts";
import { authorizeOffline } from "./offline/authorize-offline.ts";
import type { QrOperation } from "./offline/QrOperation.ts";
import {
  readOperation,
  readOperations,
  type OnlineOperation,
  type OperationProximityCheck,
  type UserOperation,
} from "./operation.ts";
import { PowerAuthAuthentication } from "./PowerAuthAuthentication.ts";
import { encodeProximityCheck } from "./proximity/ProximityCheck.ts";
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
   * counted. Sends `proximityCheck` and `mobileTokenData` where the operation has them; a proximity check received
   * later than now is refused on the device.
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

  /**
   * Digits for the person to retype, eight per factor. Sends nothing, and a wrong password gives digits as well: only
   * who checks them can tell. `uriId` names the purpose of the operation as its server knows it. Possession alone is
   * refused, and biometry where the code does not allow it, before the counter moves. Verify the operation first.
   */
  authorizeOffline(
    operation: QrOperation,
    authentication: PowerAuthAuthentication,
    uriId: string = offlineUriId,
  ): Promise<string> {
    return authorizeOffline(this.#connection.powerAuth, operation, authentication, uriId);
  }

  #encodeProximityCheck(check: OperationProximityCheck) {
    try {
      return encodeProximityCheck(requireInstance(this.#connection.powerAuth.instanceId).device, check);
    } catch (error) {
      throw asMobileTokenError(error);
    }
  }
}

function listOf(responseObject: unknown): UserOperation[] {
  if (Array.isArray(responseObject)) return readOperations(responseObject);
  throw invalidResponse();
}

function invalidResponse(): MobileTokenError {
  return new MobileTokenError("network_invalidResponseObject", "The server's answer has no operation");
}
