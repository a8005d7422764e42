/** A push message as every gateway is asked to carry it, and what came of it. */
import type { PushDevice } from "./device.ts";

export interface PushContent {
  readonly title?: string;
  readonly body?: string;
  /** Keys of texts that the app brings, with what goes into them. */
  readonly titleLocKey?: string;
  readonly titleLocArgs?: readonly string[];
  readonly bodyLocKey?: string;
  readonly bodyLocArgs?: readonly string[];
  readonly badge?: number;
  readonly sound?: string;
  readonly icon?: string;
  readonly category?: string;
}

export interface PushMessage {
  readonly content: PushContent;
  /** What the app gets besides. FCM and HMS carry texts only: there other values become JSON. */
  readonly extras: Readonly<Record<string, unknown>>;
  /** The device shows nothing; the app is woken. */
  readonly silent: boolean;
  readonly priority: "high" | "normal";
  /** A later message with the same key takes the place of this one. */
  readonly collapseKey?: string;
  /** Epoch ms after which the message is not worth delivering. */
  readonly validUntil?: number;
}

export type Sending =
  | { readonly kind: "sent" }
  /** The gateway knows that the token is dead. */
  | { readonly kind: "gone" }
  /** `again` when a later try may succeed. `code` is the gateway's or ours, never text of anybody. */
  | { readonly kind: "failed"; readonly code: string; readonly again: boolean };

/** Hands one message to a gateway. Never throws for what a gateway answers. `now` in epoch ms. */
export type Send = (
  device: Pick<PushDevice, "environment"> & { readonly token: string },
  message: PushMessage,
  now: number,
) => Promise<Sending>;

export interface Sender {
  readonly send: Send;
  close(): void;
}

export function failed(code: string, again: boolean): Sending {
  return { kind: "failed", code, again };
}

/** What an HTTP status says where the gateway says nothing more exact. */
export function failedStatus(status: number): Sending {
  return failed(`http-${status}`, status === 429 || status >= 500);
}

/** Seconds a message is worth delivering, 0 to four weeks; undefined where nobody said. */
export function lifetime(message: PushMessage, now: number): number | undefined {
  if (message.validUntil === undefined) return undefined;
  return Math.min(Math.max(0, Math.ceil((message.validUntil - now) / 1000)), 28 * 86_400);
}

export function textExtras(extras: PushMessage["extras"]): Record<string, string> {
  const texts = Object.entries(extras).map(([key, value]) => [key, asText(value)]);
  return Object.fromEntries(texts) as Record<string, string>;
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
