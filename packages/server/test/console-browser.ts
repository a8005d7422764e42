/** What an operator's browser does between the console and a provider, request by request. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { get, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { text as readAll } from "node:stream/consumers";
import { type Bank, send } from "./bank.ts";

export type Headers = Record<string, string>;

/** As a browser that a provider has sent back. */
export const visit: Headers = {
  "sec-fetch-site": "cross-site",
  "sec-fetch-mode": "navigate",
  "sec-fetch-dest": "document",
};

export interface Answered {
  readonly status: number;
  readonly text: string;
  readonly cookies: readonly string[];
  readonly headers: IncomingHttpHeaders;
}

export async function begin(bank: Bank): Promise<{ readonly location: URL; readonly cookie: string }> {
  const reply = await send(`${bank.privateUrl}/console/log-in`, "POST", undefined, undefined);
  assert.equal(reply.status, 201, JSON.stringify(reply.body));
  const [cookie = ""] = (reply.headers.get("set-cookie") ?? "").split(";");
  return { location: new URL(reply.body.location), cookie };
}

/** Not by fetch, which says itself how it asks. */
export async function comeBack(address: URL | string, cookie: string, headers: Headers = visit): Promise<Answered> {
  const request = get(address, { agent: false, headers: { cookie, ...headers } });
  const [reply] = (await once(request, "response")) as [IncomingMessage];
  const { statusCode: status = 0, headers: given } = reply;
  return { status, text: await readAll(reply), cookies: given["set-cookie"] ?? [], headers: given };
}

export const problemIn = ({ text }: Answered) => /#\/\?problem=([\w-]+)/.exec(text)?.[1];
export const sessionIn = ({ cookies }: Answered) =>
  cookies.map((one) => /^countersign_console=[^;]+/.exec(one)?.[0]).find(Boolean);
