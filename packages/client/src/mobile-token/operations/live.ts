/** What the news of `GET /live` mean for the lists of Mobile Token. */
import type { ServerEvent } from "../../engine/live/event-stream.ts";
import { followLive, type Live as Stream, type StatusFailure } from "../../engine/live/follow.ts";
import { isRecord } from "../../engine/transport.ts";
import { MobileTokenLogger } from "../logging/MobileTokenLogger.ts";
import { asMobileTokenError, MobileTokenError } from "../MobileTokenError.ts";

export interface Live extends Pick<Stream, "device" | "open" | "onUnavailable"> {
  /** The stream is open, or something changed, or the stream failed: the list itself may be had all the same. */
  readonly onOperations: () => void;
  /** The id of the message, where the server names it. */
  readonly onInbox: (id: string | undefined) => void;
}

/** Until the signal says so. Never throws. */
export function followOperations({ device, open, onUnavailable, ...live }: Live, signal: AbortSignal): Promise<void> {
  const stream: Stream = {
    device,
    open,
    onUnavailable,
    onOpen() {
      MobileTokenLogger.info("Live updates are on");
      live.onOperations();
    },
    onEvent: (event) => dispatch(live, event),
    onFailure(failure) {
      const { reason } = errorOf(failure);
      if (reason === "missingActivation" || reason === "invalidConfiguration") return false;
      live.onOperations();
      return true;
    },
  };
  return followLive(stream, signal);
}

function errorOf(failure: unknown): MobileTokenError {
  if (!(failure instanceof Error)) {
    const { status } = failure as StatusFailure;
    return new MobileTokenError("network_errorStatusCode", `The server answered ${status}`, { httpStatusCode: status });
  }
  return asMobileTokenError(failure);
}

/** Events that are not known are left alone. */
function dispatch(live: Pick<Live, "onOperations" | "onInbox">, { name, data }: ServerEvent): void {
  MobileTokenLogger.debug(() => `Live: ${name}`);
  switch (name) {
    case "operation.created":
    case "operation.changed":
      return live.onOperations();
    case "inbox":
      return live.onInbox(idIn(data));
    case "reload":
      live.onOperations();
      return live.onInbox(undefined);
    default:
  }
}

function idIn(data: string): string | undefined {
  try {
    const value: unknown = JSON.parse(data);
    return isRecord(value) && typeof value.id === "string" ? value.id : undefined;
  } catch {
    return undefined;
  }
}
