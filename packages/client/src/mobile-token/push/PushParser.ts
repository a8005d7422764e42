/**
 * What a push message of the server is about. The three gateways carry the same members in different places: APNs beside
 * `aps`, FCM in `data`, HMS in `data` as one JSON text, Web Push in the message itself.
 */
import { isRecord } from "../../engine/transport.ts";

export type PushMessage =
  | {
      readonly kind: "operationCreated";
      readonly id: string;
      /** Type of the operation, such as `login`. */
      readonly name: string;
      /** What the notification showed, where it showed both. */
      readonly content?: { readonly title: string; readonly message: string };
      readonly activationId?: string;
    }
  | {
      readonly kind: "operationFinished";
      readonly id: string;
      readonly name: string;
      readonly result: PushOperationResult;
      readonly activationId?: string;
    }
  | { readonly kind: "inboxMessageReceived"; readonly id: string; readonly activationId?: string };

/** `unknown` for a result that a later server sends. */
export type PushOperationResult = "success" | "fail" | "timeout" | "canceled" | "methodNotAvailable" | "unknown";

const results: ReadonlyMap<unknown, PushOperationResult> = new Map([
  ["authentication.success", "success"],
  ["authentication.fail", "fail"],
  ["operation.timeout", "timeout"],
  ["operation.canceled", "canceled"],
  ["operation.methodNotAvailable", "methodNotAvailable"],
] as const);

export class PushParser {
  /**
   * `notification` as the platform hands it over: `userInfo` of iOS, the data or the whole remote message of FCM and HMS, what
   * a Web Push carries, as JSON text or parsed. Undefined for a message that is not the Mobile Token's; never throws.
   */
  static parseNotification(notification: unknown): PushMessage | undefined {
    const payload = parsed(notification);
    const extras = extrasOf(payload);
    if (extras === undefined) return undefined;
    const activation = isText(extras.activationId) ? { activationId: extras.activationId } : {};
    const { operationId: id, operationName: name, inboxId } = extras;
    switch (extras.messageType) {
      case "mtoken.operationInit": {
        if (!isText(id) || !isText(name)) return undefined;
        const content = contentOf(payload) ?? contentOf(extras);
        return { kind: "operationCreated", id, name, ...(content !== undefined && { content }), ...activation };
      }
      case "mtoken.operationFinished": {
        const result = extras.mtokenOperationResult;
        if (!isText(id) || !isText(name) || !isText(result)) return undefined;
        return { kind: "operationFinished", id, name, result: results.get(result) ?? "unknown", ...activation };
      }
      case "mtoken.inboxMessage.new":
        return isText(inboxId) ? { kind: "inboxMessageReceived", id: inboxId, ...activation } : undefined;
      default:
        return undefined;
    }
  }
}

function extrasOf(payload: unknown): Readonly<Record<string, unknown>> | undefined {
  if (!isRecord(payload)) return undefined;
  const data = payload.messageType === undefined ? parsed(payload.data) : undefined;
  return isRecord(data) ? data : payload;
}

/** JSON text as what it says; anything else as it is. */
function parsed(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

/** Title and text of the notification, or nothing: half of it would be shown as if it were all. */
function contentOf(payload: unknown): { readonly title: string; readonly message: string } | undefined {
  if (!isRecord(payload)) return undefined;
  const { aps, notification } = payload;
  const shown = isRecord(aps) && isRecord(aps.alert) ? aps.alert : notification;
  if (!isRecord(shown) || !isText(shown.title) || !isText(shown.body)) return undefined;
  return { title: shown.title, message: shown.body };
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
