/** A pointer to a transaction, nothing of its content (Approve protocol §5): in push messages, lists and QR codes. */
import { count, exactly, seconds, unique, url, uuid } from "./claims.ts";
import type { Message } from "./message.ts";

/** With `cid` and `tk` for one container, or with `qr` and `n` for whoever scans it. */
export interface ReferenceClaims {
  readonly iss: string;
  readonly tid: string;
  readonly act: "tx";
  readonly iat: number;
  readonly exp: number;
  readonly cid?: string;
  readonly tk?: string;
  readonly qr?: 1;
  readonly n?: number;
}

export const reference: Message<ReferenceClaims> = {
  typ: "apv-ref+jwt",
  shape: {
    required: { iss: url, tid: uuid, act: exactly("tx"), iat: seconds, exp: seconds },
    optional: { cid: uuid, tk: unique, qr: exactly(1), n: count },
  },
};

/** Whether it is for one container (`named`) or for whoever scans it (`open`); undefined for a mixture. */
export function referenceKind({ cid, tk, qr, n }: ReferenceClaims): "named" | "open" | undefined {
  if (cid !== undefined && tk !== undefined && qr === undefined && n === undefined) return "named";
  return cid === undefined && tk === undefined && qr === 1 && n !== undefined ? "open" : undefined;
}

/** How often a page shows a new code without a user; seconds. One is good while it is shown and one turn longer. */
export const openReference = { rotates: 15 } as const;
