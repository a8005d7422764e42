/**
 * The only way out to other hosts. The address that was checked is the address that is connected to, no redirect is
 * followed, and time and size are limited. Private ranges are reached only where configuration names them.
 */
import { lookup as systemLookup } from "node:dns";
import { type IncomingHttpHeaders, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { createSecureContext } from "node:tls";

export interface OutboundRequest {
  readonly url: string;
  readonly method: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** For https only. */
  readonly tls?: OutboundTls;
  readonly signal?: AbortSignal;
}

/** Who we are in the handshake, and whom we trust in place of the public authorities. */
export interface OutboundTls {
  /** PEM: certificate, the chain above it, and the private key, in any order. */
  readonly identity?: string;
  /** The same as PKCS #12. */
  readonly store?: Uint8Array;
  /** Of the private key or the PKCS #12 file. */
  readonly passphrase?: string;
  /** PEM certificates. */
  readonly authorities?: string;
}

export type OutboundFailure =
  | "url-not-allowed"
  | "address-not-allowed"
  | "unreachable"
  /** No trust in the other's certificate, or ours cannot be used. */
  | "tls-failed"
  | "timed-out"
  /** The caller's signal was aborted. */
  | "cancelled"
  | "answer-too-large";

export type OutboundAnswer =
  | { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string }
  | { readonly failed: OutboundFailure };

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

/** What may be reached, for the one library that keeps connections of its own (APNs over HTTP/2). */
export interface OutboundGuard {
  /** Checks what the resolver says at the moment of connecting; to be given to the connection. */
  readonly lookup: LookupFunction;
  /** Whether a host may be reached, as far as its name tells: a literal address is never looked up. */
  readonly permits: (hostname: string) => boolean;
}

export function outboundGuard(limits: Pick<OutboundLimits, "allow" | "lookup">): OutboundGuard {
  const closed = rangesOf(closedRanges);
  const allowed = rangesOf(limits.allow);
  const mayReach = (address: string) => {
    const plain = plainAddress(address);
    const family = isIP(plain) === 6 ? "ipv6" : "ipv4";
    return isIP(plain) !== 0 && (allowed.check(plain, family) || !closed.check(plain, family));
  };
  return {
    lookup: guard(limits.lookup ?? systemLookup, mayReach),
    permits(hostname) {
      const host = hostname.replace(/^\[|\]$/g, "");
      return isIP(host) === 0 || mayReach(host);
    },
  };
}

export function outbound(limits: OutboundLimits): Outbound {
  const { lookup, permits } = outboundGuard(limits);
  return async (request) => {
    const url = URL.parse(request.url);
    if (url === null || !["http:", "https:"].includes(url.protocol) || url.username !== "" || url.password !== "") {
      return { failed: "url-not-allowed" };
    }
    if (!permits(url.hostname)) return { failed: "address-not-allowed" };
    return send(url, request, lookup, limits.timeoutMs ?? 10_000, limits.answerBytes ?? 262_144);
  };
}

/**
 * The way out for a server that the configuration itself names: it may be at any address, and so may everything else at
 * its origin. What it sends us on to at other origins goes the ordinary way.
 */
export function outboundTrusting(
  url: string,
  otherwise: Outbound,
  limits: Omit<OutboundLimits, "allow"> = {},
): Outbound {
  const { origin } = new URL(url);
  const anywhere = outbound({ ...limits, allow: ["0.0.0.0/0", "::/0"] });
  return (request) => (URL.parse(request.url)?.origin === origin ? anywhere : otherwise)(request);
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
  // Key stores that came with an import were never looked at.
  if (request.tls !== undefined && !isUsableTls(request.tls)) return Promise.resolve({ failed: "tls-failed" });
  const tls = url.protocol === "https:" && request.tls !== undefined ? tlsOptions(request.tls) : {};
  return new Promise((resolve) => {
    const failed = (error: Error) => resolve({ failed: failureOf(error, timeout, request.signal) });
    const options = { method: request.method, headers: { ...request.headers }, lookup, signal, agent: false, ...tls };
    const call = open(url, options, (answer) => {
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
      answer.on("end", () => {
        const { statusCode = 0, headers } = answer;
        resolve({ status: statusCode, headers, body: Buffer.concat(parts).toString("utf8") });
      });
      answer.on("error", failed);
    });
    call.on("error", failed);
    call.end(request.body);
  });
}

function failureOf(error: Error, timeout: AbortSignal, callers: AbortSignal | undefined): OutboundFailure {
  if (error instanceof AddressNotAllowed) return "address-not-allowed";
  if (timeout.aborted) return "timed-out";
  if (callers?.aborted === true) return "cancelled";
  const { code = "" } = error as { code?: string };
  return /^(ERR_TLS_|ERR_SSL_|ERR_OSSL_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|EPROTO)/.test(code)
    ? "tls-failed"
    : "unreachable";
}

function tlsOptions({ identity, store, passphrase, authorities }: OutboundTls) {
  return {
    ...(identity !== undefined && { cert: identity, key: identity }),
    ...(store !== undefined && { pfx: Buffer.from(store) }),
    ...(passphrase !== undefined && { passphrase }),
    ...(authorities !== undefined && { ca: authorities }),
  };
}

/** Whether keys and certificates can be read at all: found out when they are given, not when they are needed. */
export function isUsableTls(tls: OutboundTls): boolean {
  const { authorities } = tls;
  try {
    createSecureContext(tlsOptions(tls));
    return authorities === undefined || /-----BEGIN CERTIFICATE-----/.test(authorities);
  } catch {
    return false;
  }
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
