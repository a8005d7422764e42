/** News of what waits for a container (APV-LIVE-1): each stream with a proof of its own. */
import { trace } from "../../../platform/trace.ts";
import { followLive } from "../../live/follow.ts";
import { type CallOptions, type OpenStream, startDeadline, streamOf } from "../../transport.ts";
import { proof } from "../call.ts";
import type { ApproveDevice } from "../device.ts";
import { ApproveError } from "../errors.ts";
import { learnFrom, requireSafe } from "../exchange.ts";
import { activeCaller } from "../renew.ts";

const path = "/approve/v1/live";

/**
 * `onNews` when the stream is open, when something changed, and when a stream failed: each time the list is to be read
 * again. `onUnavailable` when nothing more will come. Until the signal says so; never throws.
 */
export function followContainer(
  device: ApproveDevice,
  id: string,
  { onNews, onUnavailable }: { readonly onNews: () => void; readonly onUnavailable: () => void },
  signal: AbortSignal,
): Promise<void> {
  const open = async (options: CallOptions) => {
    const first = await openOnce(device, id, options);
    // Another nonce or a right clock, which the answer has told (APV-POP-4, APV-OBJ-8).
    return first.status === 401 ? openOnce(device, id, options) : first;
  };
  const onFailure = (failure: unknown) => {
    onNews();
    const code = failure instanceof ApproveError ? failure.code : undefined;
    return code !== "container-unknown" && code !== "lost";
  };
  // An inbox is none of this protocol's matters.
  const onEvent = ({ name }: { readonly name: string }) => (name === "inbox" ? undefined : onNews());
  return followLive({ device, open, onOpen: onNews, onEvent, onFailure, onUnavailable }, signal);
}

async function openOnce(device: ApproveDevice, id: string, { signal }: CallOptions): Promise<OpenStream> {
  const { caller } = await activeCaller(device, id);
  const { iss } = caller;
  requireSafe(iss);
  const { fetch, timeout } = device.connectionOf(id);
  const url = iss + path;
  const headers = { Accept: "text/event-stream", DPoP: await proof(device, caller, "GET", url, "") };
  const deadline = startDeadline(timeout, signal);
  const failure = (cause: unknown) => new ApproveError("network", "The server could not be reached", { cause });
  try {
    const asked = { headers, redirect: "error", credentials: "omit", cache: "no-store" } as const;
    const response = await Promise.race([fetch(url, { ...asked, signal: deadline.signal }), deadline.over]);
    trace({ type: "exchange", path, outcome: response.status });
    learnFrom(device, iss, response.headers);
    return streamOf(response, deadline, { end: () => deadline.stop(), failure });
  } catch (cause) {
    deadline.stop();
    trace({ type: "exchange", path, outcome: "network" });
    throw failure(cause);
  }
}
