/** What an account is connected from: a code that was typed, scanned, or that came in a link. Pure. */

export type Entry =
  /** A PowerAuth code, with its signature when it was scanned; of this authenticator's own server. */
  | { readonly kind: "code"; readonly code: string }
  /** The same with everything that an app would have built in. */
  | {
      readonly kind: "link";
      readonly code: string;
      readonly server: string;
      readonly configuration: string;
      readonly name?: string;
    }
  /** An offer of an Approve server, as it was read. Nothing of it is verified yet. */
  | { readonly kind: "offer"; readonly text: string; readonly server: string }
  /** What stands in for an offer where nothing can be scanned or pasted. */
  | { readonly kind: "invite"; readonly userId: string; readonly inviteCode: string; readonly server: string };

/** Undefined for a text that connects nothing. */
export function readEntry(text: string): Entry | undefined {
  const trimmed = text.trim();
  return readOffer(trimmed) ?? readLink(trimmed) ?? readCode(trimmed);
}

/** `code`, `server` and `configuration` as parameters of a link, after `?` or, better, after `#`, where no log sees them. */
function readLink(text: string): Entry | undefined {
  const parameters = parametersOf(text);
  const [code, server, configuration, name] = ["code", "server", "configuration", "name"].map((one) =>
    parameters?.get(one),
  );
  if (!code || !server || !configuration || readCode(code) === undefined) return undefined;
  const address = serverAddress(server);
  if (address === undefined) return undefined;
  return { kind: "link", code, server: address, configuration, ...(name && { name: name.slice(0, 64) }) };
}

/** `AAAAA-BBBBB-CCCCC-DDDDD`, and what was scanned has `#` and a signature after it. */
function readCode(text: string): Entry | undefined {
  return /^[A-Z2-7]{5}(-[A-Z2-7]{5}){3}(#[A-Za-z0-9+/]+={0,2})?$/.test(text) ? { kind: "code", code: text } : undefined;
}

function readOffer(text: string): Entry | undefined {
  const bare = text.startsWith("{") ? memberOf(text) : (parametersOf(text)?.get("offer") ?? text);
  const { typ, claims } = bare === undefined ? {} : readToken(bare);
  const server = typ === "apv-offer+jwt" && typeof claims?.iss === "string" ? serverAddress(claims.iss) : undefined;
  return server === undefined ? undefined : { kind: "offer", text, server };
}

/** What was typed; undefined while something is missing, or the address is no server's. */
export function readInvite(userId: string, code: string, server: string): Entry | undefined {
  const inviteCode = code.toUpperCase().replace(/[\s-]/g, "");
  const bare = server.trim();
  const address = serverAddress(/^https?:/i.test(bare) ? bare : `https://${bare}`);
  if (userId.trim() === "" || inviteCode === "" || address === undefined) return undefined;
  return { kind: "invite", userId: userId.trim(), inviteCode, server: address };
}

function memberOf(json: string): string | undefined {
  try {
    const { offer, prov } = JSON.parse(json) as { offer?: unknown; prov?: unknown };
    return [offer, prov].find((one): one is string => typeof one === "string");
  } catch {
    return undefined;
  }
}

/** Of a link, its parameters in the query and in the fragment. Undefined for what is no link. */
export function parametersOf(text: string): URLSearchParams | undefined {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  const { search, hash } = new URL(text);
  return new URLSearchParams([
    ...new URLSearchParams(search),
    ...new URLSearchParams(hash.replace(/^#[^?]*\?|^#/, "")),
  ]);
}

/** What a compact token says of itself, unverified. */
export function readToken(text: string): {
  readonly typ?: unknown;
  readonly claims?: Readonly<Record<string, unknown>>;
} {
  const [header = "", payload = ""] = text.split(".", 3);
  const [head, claims] = [header, payload].map(jsonOf);
  return head && claims ? { typ: head.typ, claims } : {};
}

function jsonOf(base64url: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const text = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
    const value: unknown = JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (one) => one.charCodeAt(0))));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** HTTPS, or this machine itself. */
function serverAddress(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, href } = new URL(text);
  const isHere = protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
  return protocol === "https:" || isHere ? href.replace(/\/+$/, "") : undefined;
}

/** What was typed so far, as codes are written: upper case, mistaken digits put right, a dash after every five. */
export function asTyped(text: string): string {
  const letters = text
    .toUpperCase()
    .replaceAll("0", "O")
    .replaceAll("1", "I")
    .replace(/[^A-Z2-7]/g, "");
  return (letters.slice(0, 20).match(/.{1,5}/g) ?? []).join("-");
}
