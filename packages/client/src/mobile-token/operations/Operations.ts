/**
 * Operations of the Mobile Token API: see what waits, look at one, decide, look back.
 */
import { offlineUriId } from "@countersign/protocol/operation/offline-qr";
import { synchronizeOnce } from "../../engine/time.ts";
import type { CallOptions } from "../../engine/transport.ts";
import {
  callWithSignature,
  callWithToken,
  readWithToken,
  type MobileTokenCallOptions,
  type RequestProcessor,
} from "../connection.ts";
import { requireInstance } from "../instances.ts";
import { asMobileTokenError, MobileTokenError } from "../MobileTokenError.ts";
import { readOperation, readOperations, type OnlineOperation, type UserOperation } from "../model/operation.ts";
import { authorizeOffline } from "../offline/authorize-offline.ts";
import type { QrOperation } from "../offline/QrOperation.ts";
import { PowerAuthAuthentication } from "../PowerAuthAuthentication.ts";
import { encodeProximityCheck } from "../proximity/ProximityCheck.ts";
import { UserAgent } from "../UserAgent.ts";
import { requireAllowedFactors } from "./factors.ts";
import { mobileTokenDataMember } from "./mobile-token-data.ts";
import { OperationList } from "./OperationList.ts";
import type { RejectionReason } from "./RejectionReason.ts";

const base = "/api/auth/token/app/operation";

/** All methods throw `MobileTokenError` and need a valid activation. */
export class Operations extends OperationList {
  /** Language of what operations show. */
  get acceptLanguage(): string {
    return this.connection.settings.acceptLanguage;
  }

  set acceptLanguage(language: string) {
    this.connection.settings.acceptLanguage = language;
  }

  get userAgent(): UserAgent {
    return this.connection.settings.userAgent;
  }

  set userAgent(agent: UserAgent | string) {
    this.connection.settings.userAgent = UserAgent.read(agent);
  }

  /** Sees the headers of every request of this service. */
  get requestProcessor(): RequestProcessor | undefined {
    return this.connection.settings.requestProcessor;
  }

  set requestProcessor(processor: RequestProcessor | undefined) {
    this.connection.settings.requestProcessor = processor;
  }

  /** One operation as it is now. Fails with the server's code when it does not wait any more. */
  async getDetail(operationId: string, options?: MobileTokenCallOptions): Promise<UserOperation> {
    const envelope = await readWithToken(this.connection, `${base}/detail`, { id: operationId }, options);
    return oneOf(envelope.responseObject);
  }

  /** The same as `getDetail`. */
  detail(operationId: string, options?: MobileTokenCallOptions): Promise<UserOperation> {
    return this.getDetail(operationId, options);
  }

  /** Makes an operation that has no user yet this person's. Of two devices one gets it. */
  async claim(operationId: string, options?: MobileTokenCallOptions): Promise<UserOperation> {
    try {
      const claimed = await callWithToken(this.connection, `${base}/detail/claim`, { id: operationId }, options);
      const operation = oneOf(claimed);
      this.addToList(operation);
      return operation;
    } finally {
      this.changed();
    }
  }

  /**
   * Approves. The factors must be among those the operation allows, as far as it says; a wrong password comes back as
   * refusal and is counted. Sends `proximityCheck` and `mobileTokenData` where the operation has them; a proximity check
   * received later than now, and data that is no object of JSON, are refused on the device.
   */
  async authorize(
    operation: OnlineOperation,
    authentication: PowerAuthAuthentication,
    options?: MobileTokenCallOptions,
  ): Promise<void> {
    const { id, data, mobileTokenData } = operation;
    requireAllowedFactors(operation, authentication);
    const more = mobileTokenDataMember(mobileTokenData);
    const proximity = await this.#proximityMember(operation, options);
    const requestObject = { id, data, ...proximity, ...more };
    await this.#decide("authorize", id, requestObject, authentication, options);
  }

  /** Rejects, with the device alone as factor. Given as an operation, its `mobileTokenData` goes along. */
  async reject(
    operation: string | OnlineOperation,
    reason: RejectionReason | string,
    options?: MobileTokenCallOptions,
  ): Promise<void> {
    const { id, mobileTokenData } = typeof operation === "string" ? { id: operation } : operation;
    const text = typeof reason === "string" ? reason : reason.serialized;
    const requestObject = { id, reason: text, ...mobileTokenDataMember(mobileTokenData) };
    await this.#decide("reject", id, requestObject, PowerAuthAuthentication.possession(), options);
  }

  /** The same as `reject`. */
  rejectOperation(
    operation: OnlineOperation,
    reason: RejectionReason | string,
    options?: MobileTokenCallOptions,
  ): Promise<void> {
    return this.reject(operation, reason, options);
  }

  /** Operations in any state, newest first. Needs two factors. */
  async getHistory(
    authentication: PowerAuthAuthentication,
    options?: MobileTokenCallOptions,
  ): Promise<UserOperation[]> {
    const uriId = "/operation/history";
    const path = `${base}/history`;
    const list = await callWithSignature(this.connection, path, uriId, undefined, authentication, options);
    if (Array.isArray(list)) return readOperations(list);
    throw invalidResponse();
  }

  /** The same as `getHistory`. */
  history(authentication: PowerAuthAuthentication, options?: MobileTokenCallOptions): Promise<UserOperation[]> {
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
    return authorizeOffline(this.connection.powerAuth, operation, authentication, uriId);
  }

  /** However it ends, lists that were asked for before are stale: an answer may be lost after the server has decided. */
  async #decide(
    action: "authorize" | "reject",
    id: string,
    requestObject: object,
    authentication: PowerAuthAuthentication,
    options: MobileTokenCallOptions | undefined,
  ): Promise<void> {
    const name = { authorize: "authorize", reject: "cancel" }[action];
    const [path, uriId] = [`${base}/${name}`, `/operation/${name}`];
    try {
      await callWithSignature(this.connection, path, uriId, requestObject, authentication, options, action);
      this.removeFromList(id);
    } finally {
      this.changed();
    }
  }

  /** The server's time is asked for first where it is not known: both times are told by it. */
  async #proximityMember({ proximityCheck }: OnlineOperation, options: CallOptions | undefined) {
    if (proximityCheck === undefined || proximityCheck === null) return {};
    try {
      const { device } = requireInstance(this.connection.powerAuth.instanceId);
      await synchronizeOnce(device, options);
      return { proximityCheck: encodeProximityCheck(device, proximityCheck) };
    } catch (error) {
      throw asMobileTokenError(error);
    }
  }
}

function oneOf(responseObject: unknown): UserOperation {
  const operation = readOperation(responseObject);
  if (operation !== undefined) return operation;
  throw invalidResponse();
}

function invalidResponse(): MobileTokenError {
  return new MobileTokenError("network_invalidResponseObject", "The server's answer has no operation");
}
