/** Server-sent events (HTML, §9.2), read with fetch. Who reads too slowly is cut off, so that nobody waits for it. */
import type { OutgoingHttpHeaders } from "node:http";
import type { FastifyReply } from "fastify";

export interface EventStream {
  send(id: string | number, event: string, data: object): void;
  /** Shows that the stream is alive and, where it is told, how far it has come. */
  beat(id?: string): void;
  end(): void;
}

/** `mostUnread`: what a slow reader may leave unread, bytes. */
export function eventStream({ raw }: FastifyReply, mostUnread: number): EventStream {
  const write = (text: string) => {
    if (raw.writableEnded || raw.destroyed) return;
    raw.write(text);
    // Cut off rather than buffered without bound; it may come back and read again.
    if (raw.writableLength > mostUnread) raw.destroy();
  };
  return {
    send: (id, event, data) => write(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`),
    beat: (id) => write(id === undefined ? ": alive\n\n" : `: alive\nid: ${id}\n\n`),
    end: () => void raw.end(),
  };
}

/** From here on the answer belongs to the stream. `gone` is called once its reader has left. */
export function beginStream(reply: FastifyReply, gone: () => void): void {
  const { raw } = reply;
  reply.hijack();
  if (raw.destroyed) return gone();
  raw.once("close", gone);
  raw.on("error", gone);
  raw.writeHead(200, {
    // What hooks said of the answer: which origin may read it.
    ...(reply.getHeaders() as OutgoingHttpHeaders),
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    // Proxies that would wait for more hand it on at once.
    "x-accel-buffering": "no",
    connection: "close",
  });
  raw.write("retry: 2000\n\n");
}
