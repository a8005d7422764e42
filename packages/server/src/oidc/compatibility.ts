/**
 * Back ends written for an existing service. Their hint token is not signed: beside the user it says by which policy the
 * person is asked, what is shown, and on which device; their body may be JSON. Only for clients whose settings say so,
 * and each use is logged: nothing but the client's own authentication protects what it says.
 */
import type { IncomingMessage } from "node:http";
import { errors } from "oidc-provider";
import { fromBase64Url, fromUtf8 } from "@countersign/protocol/bytes";
import { type Static, Type } from "typebox";
import { Compile } from "typebox/compile";
import { withBody } from "./body.ts";

const text = (maxLength: number) => Type.String({ minLength: 1, maxLength });

const hintSchema = Type.Object({
  /** Policy: the client's settings name a template for each. */
  authpol: text(64),
  /** What is shown: a sentence, or `{name, value}` pairs. */
  tds: text(4096),
  /** User id. */
  usercode: text(255),
  /** Container that is asked; the one used last when absent. */
  deviceid: Type.Optional(text(64)),
  channel: Type.Optional(text(64)),
  /** There are no sessions here: accepted, and without effect. */
  createSession: Type.Optional(Type.Enum(["0", "1"])),
  RMSInfo: Type.Optional(text(8192)),
});
const isHint = Compile(hintSchema);

export type CompatibleHint = Static<typeof hintSchema>;

/** Undefined for a token that is signed. Throws for an unsigned one that is not of this form. */
export function readCompatibleHint(token: string): CompatibleHint | undefined {
  const [header = "", payload = "", signature] = token.split(".");
  const parsed = [header, payload].map(jsonOf);
  if ((parsed[0] as { readonly alg?: unknown } | undefined)?.alg !== "none") return undefined;
  const hint = parsed[1];
  if (signature !== "" || !isHint.Check(hint)) throw new errors.InvalidRequest("login_hint_token is not of the form");
  return hint;
}

/** `{amount, 400.00},{account,1234}` gives a parameter for each; anything else is one sentence, `text`. */
export function parametersOfText(tds: string): Readonly<Record<string, string>> {
  const pairs = [...tds.matchAll(/\{\s*([A-Za-z0-9_.-]{1,64})\s*,\s*([^{}]*?)\s*\}/g)];
  const left = tds.replace(/\{[^{}]*\}/g, "").replace(/[\s,]/g, "");
  if (pairs.length === 0 || left !== "") return { text: tds };
  return Object.fromEntries(pairs.map(([, name = "", value = ""]) => [name, value]));
}

const bodyLimit = 56 * 1024;

/** Requests that came with a JSON body. */
const fromJson = new WeakSet<IncomingMessage>();

export function wasJson(request: IncomingMessage): boolean {
  return fromJson.has(request);
}

/**
 * A request to `/backchannel` with a JSON body, as the form that the provider reads; any other as it is. Whether the client
 * may is asked once it is known (`wasJson`).
 */
export async function asForm(request: IncomingMessage): Promise<IncomingMessage> {
  const { url, headers } = request;
  if (url !== "/backchannel" || !/^application\/json\b/i.test(headers["content-type"] ?? "")) return request;
  const body = parse(await textOf(request));
  const form = new URLSearchParams();
  if (typeof body === "object" && body !== null && !Array.isArray(body)) {
    for (const [name, value] of Object.entries(body)) {
      form.append(name, typeof value === "string" ? value : JSON.stringify(value));
    }
  }
  const read = withBody(request, Buffer.from(form.toString()), "application/x-www-form-urlencoded");
  fromJson.add(read);
  return read;
}

/** Empty where there is too much: the request then lacks everything. */
async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size <= bodyLimit) parts.push(part);
  }
  return size > bodyLimit ? "" : Buffer.concat(parts).toString("utf8");
}

function jsonOf(part: string): unknown {
  const bytes = fromBase64Url(part);
  return bytes && parse(fromUtf8(bytes) ?? "");
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
}
