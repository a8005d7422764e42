/**
 * `/live`: live updates for a device, each stream with a fresh token header. Ids are only there so that a client that
 * reconnects says so: it is told to read everything again.
 */
import type { Deps } from "../../deps.ts";
import { RefusedError, refuse } from "../../errors.ts";
import { beginStream, eventStream } from "./event-stream.ts";
import { tokenHolder } from "../mobile-token/token-holder.ts";
import type { Api } from "../surfaces.ts";

const mostUnread = 65_536;

export function liveRoutes(app: Api, deps: Deps): void {
  app.get("/live", { exposeHeadRoute: false }, async (request, reply) => {
    const { viewer } = await tokenHolder(deps, request);
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
  });
}
