/**
 * Asks for push messages: an event in the commit of what they are about, from which the outbox takes it to the
 * application's gateways. Nothing is sent for an application without a gateway.
 */
import type { EventDraft } from "../audit/event.ts";
import { applicationsOf } from "../operations/operation.ts";
import type { OperationRow } from "../store/store.ts";
import type { PushMessage } from "./message.ts";

/** How a person is told. */
export interface Notify {
  /** The device shows nothing; the app is woken. */
  readonly silent: boolean;
}

/** Data of the event `push.requested`. What is about an operation or a message of the inbox is read when it is sent. */
export type PushRequest =
  | { readonly about: "operation"; readonly userId: string; readonly silent: boolean }
  | { readonly about: "inbox"; readonly userId: string; readonly silent: boolean }
  | {
      readonly about: "message";
      readonly userId: string;
      readonly activationId: string | undefined;
      readonly activeOnly: boolean;
      readonly message: PushMessage;
    };

/** None for an operation that belongs to nobody yet. */
export function requestForOperation(operation: OperationRow, notify: Notify | undefined): readonly EventDraft[] {
  if (notify === undefined || operation.user_id === null) return [];
  const { user_id: userId } = operation;
  return [pushRequest(operation.id, applicationsOf(operation), { about: "operation", userId, silent: notify.silent })];
}

export function pushRequest(subject: string, applications: readonly string[], request: PushRequest): EventDraft {
  return { type: "push.requested", subject, applications, data: { ...request } };
}
