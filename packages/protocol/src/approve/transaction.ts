/** The transaction as the server states it to one container (Approve protocol §7). */
import type { DisplayForm } from "../operation/display.ts";
import { count, exactly, flag, listOf, object, seconds, shaped, text, unique, url, uuid } from "./claims.ts";
import type { KeyUse } from "./keys.ts";
import type { Message } from "./message.ts";

export type Effect = "approve" | "deny" | "report";

export interface AllowedStatus {
  /** The server's word, shown or translated by the app. */
  readonly status: string;
  readonly effect: Effect;
  readonly key: Extract<KeyUse, "tx" | "auth">;
  /** Whether the person has to unlock the key as its policy says, or the answer needs no more than the device. */
  readonly uv: "required" | "none";
}

export interface TransactionClaims {
  readonly iss: string;
  readonly aud: string;
  readonly tid: string;
  readonly nonce: string;
  readonly iat: number;
  readonly exp: number;
  readonly user: string;
  readonly client: { readonly id: string; readonly name: string };
  readonly details: {
    readonly type: string;
    /** Operation data, as a PowerAuth device would sign them. */
    readonly data: string;
    readonly parameters: Readonly<Record<string, string>>;
  };
  readonly display: {
    readonly template: string;
    readonly language: string;
    readonly form: DisplayForm;
    readonly text: string;
  };
  readonly bindingMessage?: string;
  readonly authorizationDetails?: readonly object[];
  /** The relying party's signed request, as it came. */
  readonly request?: string;
  readonly allowed: readonly AllowedStatus[];
  readonly match?: { readonly mode: "enter" | "scan"; readonly length: 6 };
  readonly origin?: { readonly ipAddress?: string; readonly userAgent?: string; readonly location?: string };
  readonly cancelable: boolean;
  readonly payload?: string;
  readonly minVer: number;
  /** Members that a device must understand, or refuse the transaction. */
  readonly must?: readonly string[];
}

const allowedStatus = shaped({
  required: {
    status: text(64),
    effect: exactly("approve", "deny", "report"),
    key: exactly("tx", "auth"),
    uv: exactly("required", "none"),
  },
  open: true,
});

/** As far as its text needs it; the rest of a form is the app's to draw. */
const form = shaped({
  required: { title: text(65_536, 0), message: text(65_536, 0), attributes: listOf(object, 1000) },
  open: true,
});

export const transaction: Message<TransactionClaims> = {
  typ: "apv-tx+jwt",
  shape: {
    required: {
      iss: url,
      aud: uuid,
      tid: uuid,
      nonce: unique,
      iat: seconds,
      exp: seconds,
      user: text(255),
      client: shaped({ required: { id: text(255), name: text(255) }, open: true }),
      details: shaped({ required: { type: text(255), data: text(65_536, 0), parameters: object }, open: true }),
      display: shaped({
        required: { template: text(255, 0), language: text(16), form, text: text(65_536, 0) },
        open: true,
      }),
      allowed: listOf(allowedStatus, 8, 1),
      cancelable: flag,
      minVer: count,
    },
    optional: {
      bindingMessage: text(256),
      authorizationDetails: listOf(object, 16),
      request: text(65_536),
      match: shaped({ required: { mode: exactly("enter", "scan"), length: exactly(6) }, open: true }),
      origin: object,
      payload: text(16_384, 0),
      must: listOf(text(64), 32),
    },
    open: true,
  },
};

/** The version of this protocol that this code speaks. */
export const protocolVersion = 1;

/** Members of `must` that this code understands. */
const understood: ReadonlySet<string> = new Set(["match", "authorizationDetails", "request", "bindingMessage"]);

/** APV-TX-6. */
export function isUnderstood({ minVer, must = [] }: TransactionClaims): boolean {
  return minVer <= protocolVersion && must.every((member) => understood.has(member));
}

/** What `allowed` is unless a policy says otherwise. */
export const defaultStatuses: readonly AllowedStatus[] = [
  { status: "approve", effect: "approve", key: "tx", uv: "required" },
  { status: "decline", effect: "deny", key: "tx", uv: "none" },
];
