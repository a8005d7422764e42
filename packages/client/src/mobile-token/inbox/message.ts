/** Messages of the inbox as the server writes them. An odd member is left out; an odd message never hides the others. */
import { isRecord } from "../../engine/transport.ts";
import { readDate } from "../model/dates.ts";

/** `html` only where the server says so: anything else is shown as it is. */
export type InboxContentType = "text" | "html";

export interface InboxMessage {
  readonly id: string;
  readonly subject: string;
  readonly summary: string;
  readonly type: InboxContentType;
  readonly read: boolean;
  /** Undefined where the server sent something that is no date. */
  readonly timestampCreated: Date | undefined;
}

/** An `html` body is as the back office wrote it: show it where it can do no harm. */
export interface InboxMessageDetail extends InboxMessage {
  readonly body: string;
}

export interface InboxCount {
  readonly countUnread: number;
}

/** Undefined for what has no id. */
export function readInboxMessage(value: unknown): InboxMessage | undefined {
  if (!isRecord(value)) return undefined;
  const { id, subject, summary, type, read } = value;
  if (typeof id !== "string" || id === "") return undefined;
  return {
    id,
    subject: textOf(subject),
    summary: textOf(summary),
    type: type === "html" ? "html" : "text",
    read: read === true,
    timestampCreated: readDate(value.timestampCreated),
  };
}

export function readInboxDetail(value: unknown): InboxMessageDetail | undefined {
  const message = readInboxMessage(value);
  if (message === undefined) return undefined;
  return { ...message, body: textOf((value as { readonly body?: unknown }).body) };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
