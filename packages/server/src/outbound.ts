/**
 * The only way out to other hosts. The address that was checked is the address that is connected to, no redirect is
 * followed, and time and size are limited. Private ranges are reached only where configuration names them.
 */
import { lookup as systemLookup } from "node:dns";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { BlockList, isIP, type LookupFunction } from "node:net";

export interface OutboundRequest {
  readonly url: string;
  readonly method: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

export type OutboundFailure =
  | "url-not-allowed"
  | "address-not-allowed"
  | "unreachable"
  | "timed-out"
  | "answer-too-large";

export type OutboundAnswer = { readonly status: number; readonly body: string } | { readonly failed: OutboundFailure };

export type Outbound = (request: OutboundRequest) => Promise<OutboundAnswer>;

export interface OutboundLimits {
  /** Private ranges that may be called, as CIDR. */
  readonly allow: readonly string[];
  readonly timeoutMs?: number;
  readonly answerBytes?: number;
  /** Resolver, for tests. */
  readonly lookup?: LookupFunction;
}

/** Everything that is not the public internet: loopback, private, link-local, shared, documentation, multicast, reserved. */
// oxfmt-ignore
const closedRanges = [
  "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
  "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
  "::/128", "::1/128", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fc00::/7", "fe80::/10", "ff00::/8",
];

export function outbound(limits: OutboundLimits): Outbound {
  const closed = rangesOf(closedRanges);
  const allowed = rangesOf(limits.allow);
  const mayReach = (address: string) => {
    const plain = plainAddress(address);
    const family = isIP(plain) === 6 ? "ipv6" : "ipv4";
    return isIP(plain) !== 0 && (allowed.check(plain, family) || !closed.check(plain, family));
  };
  const guardedLookup = guard(limits.lookup ?? systemLookup, mayReach);
  return async (request) => {
    const url = URL.parse(request.url);
    if (url === null || !["http:", "https:"].includes(url.protocol) || url.username !== "" || url.password !== "") {
      return { failed: "url-not-allowed" };
    }
    const host = url.hostname.replace(/^\[|\]$/g, "");
    // A literal address is never looked up, so it is checked here.
    if (isIP(host) !== 0 && !mayReach(host)) return { failed: "address-not-allowed" };
    return send(url, request, guardedLookup, limits.timeoutMs ?? 10_000, limits.answerBytes ?? 262_144);
  };
}

class AddressNotAllowed extends Error {}

/** Checks what the resolver says at the moment of connecting: a second answer cannot slip in between. */
function guard(lookup: LookupFunction, mayReach: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, []);
      const addresses = Array.isArray(found) ? found : [];
      if (addresses.length === 0 || !addresses.every(({ address }) => mayReach(address))) {
        return callback(new AddressNotAllowed("Address is not allowed"), []);
      }
      const [first] = addresses;
      if (options.all === true || first === undefined) return callback(null, addresses);
      return callback(null, first.address, first.family);
    });
  };
}

function send(
  url: URL,
  request: OutboundRequest,
  lookup: LookupFunction,
  timeoutMs: number,
  limit: number,
): Promise<OutboundAnswer> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = request.signal === undefined ? timeout : AbortSignal.any([timeout, request.signal]);
  const open = url.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve) => {
    const failed = (error: Error) => {
      if (error instanceof AddressNotAllowed) resolve({ failed: "address-not-allowed" });
      else resolve({ failed: signal.aborted ? "timed-out" : "unreachable" });
    };
    const call = open(
      url,
      { method: request.method, headers: { ...request.headers }, lookup, signal, agent: false },
      (answer) => {
        const parts: Buffer[] = [];
        let size = 0;
        answer.on("data", (part: Buffer) => {
          size += part.length;
          parts.push(part);
          if (size > limit) {
            resolve({ failed: "answer-too-large" });
            call.destroy();
          }
        });
        answer.on("end", () =>
          resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(parts).toString("utf8") }),
        );
        answer.on("error", failed);
      },
    );
    call.on("error", failed);
    call.end(request.body);
  });
}

function rangesOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = "", prefix = ""] = range.split("/");
    list.addSubnet(address, Number(prefix), isIP(address) === 6 ? "ipv6" : "ipv4");
  }
  return list;
}

/** An IPv4 address mapped into IPv6 is judged as the IPv4 address that it is. */
function plainAddress(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1] !== undefined) return mapped[1];
  const hex = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(address);
  if (hex === null) return address;
  const [high, low] = [Number.parseInt(hex[1] as string, 16), Number.parseInt(hex[2] as string, 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}
