/** Bodies that are read before the provider reads them, and the same request once more for it. */
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";

/** Undefined where the caller went away before its end. */
export function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.once("end", () => resolve(parts.length === 1 ? parts[0] : Buffer.concat(parts)));
    request.once("error", () => resolve(undefined));
    request.once("close", () => resolve(undefined));
  });
}

/** The request with this body in place of the one that was read. */
export function withBody(request: IncomingMessage, body: Buffer, type?: string): IncomingMessage {
  const { method, url, headers, socket, httpVersion, rawHeaders } = request;
  const { originalUrl } = request as { readonly originalUrl?: string };
  const read = new Readable({ read: () => void 0 });
  if (body.length > 0) read.push(body);
  read.push(null);
  return Object.assign(read, {
    method,
    url,
    originalUrl,
    socket,
    httpVersion,
    rawHeaders,
    headers: { ...headers, ...(type !== undefined && { "content-type": type }), "content-length": String(body.length) },
  }) as unknown as IncomingMessage;
}
