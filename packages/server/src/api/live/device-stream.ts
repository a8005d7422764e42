/** The stream of one device, whichever way it proved itself. Ids are only there so that one that comes back says so. */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Deps } from "../../deps.ts";
import { RefusedError, refuse } from "../../errors.ts";
import type { ActivationRow } from "../../store/store.ts";
import { beginStream, eventStream } from "./event-stream.ts";

const mostUnread = 65_536;

/** Whoever comes back is told to read everything again. */
export function startDeviceStream(
  deps: Pick<Deps, "live">,
  viewer: ActivationRow,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const events = eventStream(reply, mostUnread);
  let count = 0;
  const stream = deps.live.open(viewer, {
    send: ({ event, data }) => events.send(++count, event, data),
    beat: () => events.beat(),
    end: () => events.end(),
  });
  if (stream === undefined) throw new RefusedError(refuse("unavailable"));
  beginStream(reply, stream.close);
  if (request.headers["last-event-id"] !== undefined) events.send(++count, "reload", {});
}
