/** A message to a user: texts in one or more languages, for the devices of some applications. */
import { inLanguage } from "../display/languages.ts";
import type { InboxMessageTable } from "../store/schema.ts";

export interface InboxText {
  readonly subject: string;
  readonly summary: string;
  readonly body: string;
}

/** By language subtag; at least one. */
export type InboxTexts = Readonly<Record<string, InboxText>>;

export interface InboxMessage {
  readonly id: string;
  readonly userId: string;
  readonly type: "text" | "html";
  readonly texts: InboxTexts;
  readonly applications: readonly string[];
  readonly read: boolean;
  /** Epoch ms. */
  readonly createdAt: number;
}

/** What one person reads. */
export type ReadMessage = Omit<InboxMessage, "texts" | "applications"> & InboxText;

export function readMessage(row: InboxMessageTable, language: string): ReadMessage {
  const text = inLanguage(JSON.parse(row.texts) as InboxTexts, language);
  if (text === undefined) throw new Error("A message without text was stored");
  return { ...headOf(row), ...text };
}

export function headOf(row: InboxMessageTable): Omit<InboxMessage, "texts" | "applications"> {
  return {
    id: row.id,
    userId: row.user_id,
    type: row.type,
    read: row.read_at !== null,
    createdAt: row.created_at,
  };
}

/** Whose messages are asked for, and through which applications. */
export interface Mailbox {
  /** Undefined for every user: a back office looks a message up. */
  readonly userId: string | undefined;
  /** A message is seen when it is for one of these; undefined for all of them. */
  readonly applications: readonly string[] | undefined;
}
