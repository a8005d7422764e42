/**
 * How often a client may ask for a result (CIBA §7.3, §11): the interval it is told, and `slow_down` where it asks more
 * often. Counted on each node by itself: this is about load, not about security.
 */
import type { Provider } from "oidc-provider";

type Middleware = Parameters<Provider["use"]>[0];

export const intervalSeconds = 5;
const remembered = 50_000;

export const tooOften = { error: "slow_down", error_description: "ask less often" };

export interface Pace {
  /** Counts one poll that has to wait. Whether it came too early. */
  isEarly(authReqId: string): boolean;
  readonly keep: Middleware;
}

/** `now` in ms, from any start. */
export function pacing(now: () => number): Pace {
  const polls = new Map<string, { readonly at: number; readonly wait: number }>();

  function isEarly(id: string): boolean {
    const at = now();
    const last = polls.get(id);
    const wait = last?.wait ?? intervalSeconds * 1000;
    const early = last !== undefined && at - last.at < wait;
    polls.delete(id);
    polls.set(id, { at, wait: early ? wait + intervalSeconds * 1000 : wait });
    if (polls.size > remembered) polls.delete(polls.keys().next().value as string);
    return early;
  }

  return {
    isEarly,
    async keep(ctx, next) {
      await next();
      const { oidc, body } = ctx as unknown as Paced;
      if (oidc?.route === "backchannel_authentication" && body?.auth_req_id !== undefined) {
        Object.assign(body, { interval: intervalSeconds });
      }
      const id = oidc?.params?.["auth_req_id"];
      if (oidc?.route !== "token" || body?.error !== "authorization_pending" || typeof id !== "string") return;
      if (isEarly(id)) Object.assign(body, tooOften);
    },
  };
}

interface Paced {
  readonly oidc?: { readonly route: string; readonly params?: Readonly<Record<string, unknown>> };
  readonly body?: { auth_req_id?: string; error?: string; error_description?: string };
}
