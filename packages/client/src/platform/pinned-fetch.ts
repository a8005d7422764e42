/**
 * For Node: a `fetch` that takes servers of one authority only. What another authority has issued is refused, and so is a
 * certificate for another name, before anything is sent.
 */
import { request } from "node:https";

export interface PinnedFetchOptions {
  /** PEM of the authorities that are trusted; none besides them. */
  readonly authorities: string | readonly string[];
}

const longest = 4 * 1024 * 1024;

/** Takes what the SDK sends: a method, headers, a text, a signal. Redirects are not followed. */
export function pinnedFetch({ authorities }: PinnedFetchOptions) {
  const ca = typeof authorities === "string" ? authorities : [...authorities];
  return (url: string, init: RequestInit): Promise<Response> =>
    new Promise((resolve, reject) => {
      const { method = "GET", body, signal } = init;
      const headers = Object.fromEntries(new Headers(init.headers));
      const sent = request(
        url,
        { method, headers, ca, agent: false, minVersion: "TLSv1.2", ...(signal != null && { signal }) },
        (answer) => {
          const chunks: Uint8Array[] = [];
          let size = 0;
          answer.on("data", (chunk: Uint8Array) => {
            size += chunk.length;
            if (size > longest) answer.destroy(new Error("The answer is too large"));
            else chunks.push(chunk);
          });
          answer.once("error", reject);
          answer.once("end", () => {
            const status = answer.statusCode ?? 0;
            if (status >= 300 && status < 400) return reject(new TypeError("Redirects are not followed"));
            const pairs = Object.entries(answer.headers).flatMap(([name, value]) =>
              typeof value === "string" ? [[name, value] as [string, string]] : [],
            );
            const text = new Blob(chunks as BlobPart[]);
            resolve(new Response(status === 204 || status === 304 ? null : text, { status, headers: pairs }));
          });
        },
      );
      sent.once("error", reject);
      sent.end(typeof body === "string" ? body : undefined);
    });
}
