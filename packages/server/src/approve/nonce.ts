/**
 * Nonces of the server (APV-POP-4): a minute and its keyed hash. Any node makes and checks them, and nothing is stored:
 * that a proof is used once is the business of its `jti`.
 */
import { equalTexts } from "@countersign/protocol/bytes";
import type { Deps } from "../deps.ts";

const minute = 60_000;
const goodMinutes = 5;

/** `now` in epoch ms. */
export function serverNonce(deps: Pick<Deps, "secrets">, now: number): string {
  return nonceOf(deps, Math.floor(now / minute));
}

export function isServerNonce(deps: Pick<Deps, "secrets">, nonce: string, now: number): boolean {
  const at = Number(/^(\d{1,12})\./.exec(nonce)?.[1] ?? Number.NaN);
  const current = Math.floor(now / minute);
  return at <= current + 1 && at > current - goodMinutes && equalTexts(nonce, nonceOf(deps, at));
}

/** How long a `jti` under such a nonce has to be remembered, ms. */
export const nonceMs = (goodMinutes + 2) * minute;

function nonceOf({ secrets }: Pick<Deps, "secrets">, at: number): string {
  return `${at}.${secrets.hash("approve-nonce", String(at))}`;
}
