/** How each type of sink is served; one row per type. */
import type { Event } from "../../audit/event.ts";
import type { Deps } from "../../deps.ts";
import { pushChannel } from "../../push/deliver.ts";
import type { SinkType } from "../../store/schema.ts";
import { accessTokens } from "../webhook/access-tokens.ts";
import { callbackChannel, securityEventChannel, webhookChannel } from "../webhook/send.ts";
import type { Sink } from "../sink.ts";
import type { ClaimedRow } from "./queue.ts";

export interface Delivery {
  readonly claim: ClaimedRow;
  readonly sink: Sink;
  readonly event: Event;
  /** Ends the try: its time is over, or the server stops. */
  readonly signal: AbortSignal;
}

/** `failed` is a stable code: never a text of the receiver, an address or a secret. */
export type Outcome =
  | { readonly delivered: true }
  | {
      readonly failed: string;
      /** No later try can succeed. */
      readonly final?: true;
      /** Of one receiver of many behind the sink: the others are not held up. */
      readonly ofOne?: true;
    };

/** One try. What it throws is a failed try as well. */
export type Channel = (delivery: Delivery) => Promise<Outcome>;

export type Channels = Readonly<Record<SinkType, Channel>>;

export function channels(deps: Deps): Channels {
  const tokens = accessTokens(deps, () => performance.now());
  const callback = callbackChannel(deps, tokens);
  const push = pushChannel(deps);
  return {
    ACTIVATION_STATUS_CHANGE: callback,
    OPERATION_STATUS_CHANGE: callback,
    WEBHOOK: webhookChannel(deps, tokens),
    BACKCHANNEL: (delivery) => deps.oidc.deliver(delivery),
    SECURITY_EVENTS: securityEventChannel(deps, tokens),
    PUSH: push,
    PUSH_FINISHED: push,
  };
}
