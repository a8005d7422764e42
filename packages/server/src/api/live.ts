/**
 * `/live`: server-sent events (HTML, §9.2) for a device, read with fetch, because each stream needs a fresh token
 * header. Ids are only there so that a client that reconnects says so: it is told to read everything again.
 */
import type { ServerResponse } from "node:http";
import type { Deps } from "../deps.ts";
import { RefusedError, refuse } from "../errors.ts";
import type { LiveConnection, LiveEvent } from "../live/streams.ts";
import { tokenHolder } from "./mobile-token/token-holder.ts";
import type { Api } from "./surfaces.ts";

/** What a slow reader may leave unread, bytes. */
const mostUnread = 65_536;

export function liveRoutes(app: Api, deps: Deps): void {
  app.get("/live", { exposeHeadRoute: false }, async (request, reply) => {
    const { viewer } = await tokenHolder(deps, request);
    const connection = connectionOf(reply.raw);
    const stream = deps.live.open(viewer, connection);
    if (stream === undefined) throw new RefusedError(refuse("unavailable"));
    reply.hijack();
    reply.raw.once("close", stream.close);
    reply.raw.on("error", stream.close);
    reply.raw.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      // Proxies that would wait for more hand it on at once.
      "x-accel-buffering": "no",
      connection: "close",
    });
    reply.raw.write("retry: 2000\n\n");
    if (request.headers["last-event-id"] !== undefined) connection.send({ event: "reload", data: {} });
  });
}

function connectionOf(raw: ServerResponse): LiveConnection {
  let count = 0;
  const write = (text: string) => {
    if (raw.writableEnded || raw.destroyed) return;
    raw.write(text);
    // Cut off rather than buffered without bound; it may come back and read again.
    if (raw.writableLength > mostUnread) raw.destroy();
  };
  return {
    send: ({ event, data }: LiveEvent) => write(`id: ${++count}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`),
    beat: () => write(": alive\n\n"),
    end: () => void raw.end(),
  };
}
