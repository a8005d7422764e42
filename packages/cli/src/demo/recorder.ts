/** A `fetch` that sends as usual and keeps what was sent and answered, so that the demo shows what really went out. */

export interface Recorded {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
  readonly status: number;
  readonly answer: string;
}

export interface Recorder {
  readonly fetch: typeof fetch;
  /** The last exchange with this path. */
  last(path: string): Recorded;
}

export function recorder(): Recorder {
  const exchanges: Recorded[] = [];
  return {
    async fetch(input, init) {
      const request = new Request(input, init);
      const body = await request.clone().text();
      const response = await fetch(request);
      const answer = await response.clone().text();
      const { method, url, headers } = request;
      exchanges.push({ method, url, headers, body, status: response.status, answer });
      return response;
    },
    last(path) {
      const found = exchanges.findLast(({ url }) => new URL(url).pathname.endsWith(path));
      if (found === undefined) throw new Error(`Nothing was sent to ${path}`);
      return found;
    },
  };
}

/** Request line, the headers named, and the body with its members on lines of their own. */
export function requestText({ method, url, headers, body }: Recorded, names: readonly string[]): string {
  const shown = names.map((name) => `${name}: ${headers.get(name) ?? ""}`);
  // Lists of one text stay on the line of their member.
  const json = JSON.stringify(JSON.parse(body), undefined, 2).replace(/\[\n\s+("[^"\n]*")\n\s+\]/g, "[$1]");
  return [`${method} ${url}`, ...shown, json].join("\n");
}

/** What the device's signature covers: method, address, nonce and body, each in Base64 but the first (PowerAuth 3.x). */
export function signedBase({ method, headers, body }: Recorded, uriId: string): string {
  const { nonce } = signatureMembers(headers);
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  return [method, base64(uriId), nonce, base64(body)].join("&");
}

/** Members of the signature header without their prefix. */
export function signatureMembers(headers: Headers): Readonly<Record<string, string>> {
  const value = headers.get("x-powerauth-authorization") ?? "";
  return Object.fromEntries([...value.matchAll(/pa_(\w+)="([^"]*)"/g)].map(([, name = "", text = ""]) => [name, text]));
}
