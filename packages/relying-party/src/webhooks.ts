/**
 * Whether a request to one's webhook comes from Countersign: the signature over id, time and body, in the manner of
 * Standard Webhooks. Give it the body as it came; what was parsed and written again is another body.
 *
 * Deliveries come at least once, in no promised order: remember ids that were dealt with, and go by `at`.
 */
import { fromUtf8, utf8 } from "@countersign/protocol/bytes";

export type WebhookErrorCode =
  /** One of the three headers is missing or there more than once. */
  | "missing-header"
  /** A header that no Countersign sends. */
  | "malformed-header"
  /** Signed longer ago than is tolerated: perhaps recorded, and sent again. */
  | "too-old"
  /** Signed in the future: one of the two clocks is wrong. */
  | "too-new"
  /** No secret given here made any of the signatures: forged, changed on the way, or another webhook's. */
  | "wrong-signature"
  /** A secret that is none: not `whsec_` and Base64. */
  | "unusable-secret"
  /** Truly signed, but not what this function is for: a callback in PowerAuth form, or no JSON. */
  | "malformed-body";

export class WebhookError extends Error {
  override readonly name = "WebhookError";
  readonly code: WebhookErrorCode;

  constructor(code: WebhookErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** What happened. `data` depends on `type`; types that are not known should be passed over. */
export interface WebhookEvent {
  /** The same in every delivery of the event. */
  readonly id: string;
  /** Such as `operation.approved` or `activation.blocked`. */
  readonly type: string;
  /** Version of `data` for this type. */
  readonly ver: number;
  readonly tenant: string;
  /** Id of the operation or activation. */
  readonly subject: string;
  /** Position in the writer's part of the audit. */
  readonly seq: number;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** As Node and fetch have them. Names in any case. */
export type WebhookHeaders = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

/** Tolerance in both directions, seconds. */
export const webhookToleranceSeconds = 300;

/**
 * The event of a webhook request. `secrets`: the one in use and, during a rotation, the other one; any of them will do.
 * `now` in epoch ms. Throws `WebhookError`.
 */
export async function verifyWebhook(
  headers: WebhookHeaders,
  body: Uint8Array | string,
  secrets: readonly string[],
  now: number,
): Promise<WebhookEvent> {
  const value = await verifyCallback(headers, body, secrets, now);
  const { id, type, ver, tenant, subject, seq, at, data } = value;
  const texts = [id, type, tenant, subject].every((member) => typeof member === "string");
  const numbers = [ver, seq, at].every((member) => Number.isSafeInteger(member));
  if (!texts || !numbers || !isObject(data)) throw new WebhookError("malformed-body", "The body is not an event.");
  return value as unknown as WebhookEvent;
}

/** The body of a callback in PowerAuth form, which is signed in the same way. Throws `WebhookError`. */
export async function verifyCallback(
  headers: WebhookHeaders,
  body: Uint8Array | string,
  secrets: readonly string[],
  now: number,
): Promise<Readonly<Record<string, unknown>>> {
  const id = header(headers, "webhook-id");
  const timestamp = header(headers, "webhook-timestamp");
  const signatures = header(headers, "webhook-signature");
  if (!/^[\x21-\x7e]{1,255}$/.test(id)) throw new WebhookError("malformed-header", "webhook-id is not an id.");
  if (!/^\d{1,12}$/.test(timestamp)) throw new WebhookError("malformed-header", "webhook-timestamp is not a time.");
  const age = now / 1000 - Number(timestamp);
  if (age > webhookToleranceSeconds) throw new WebhookError("too-old", "The webhook was signed too long ago.");
  if (age < -webhookToleranceSeconds) throw new WebhookError("too-new", "The webhook was signed in the future.");

  const bytes = typeof body === "string" ? utf8(body) : body;
  const head = utf8(`${id}.${timestamp}.`);
  const signed = new Uint8Array(head.length + bytes.length);
  signed.set(head);
  signed.set(bytes, head.length);
  if (!(await isSignedByAny(signed, signatures, secrets))) {
    throw new WebhookError("wrong-signature", "The webhook is not signed with a secret that is known here.");
  }
  return parsed(bytes);
}

async function isSignedByAny(
  signed: Uint8Array<ArrayBuffer>,
  signatures: string,
  secrets: readonly string[],
): Promise<boolean> {
  const macs = signatures.split(" ").flatMap((one) => {
    // Other versions may stand beside ours.
    const [, base64] = /^v1,([A-Za-z0-9+/]{43}=)$/.exec(one) ?? [];
    return base64 === undefined ? [] : [bytesOf(base64)];
  });
  let known = false;
  for (const secret of secrets) {
    const key = await keyOf(secret);
    // The platform compares in constant time. Every pair is tried, so that time tells nothing of which one it was.
    for (const mac of macs) known = (await crypto.subtle.verify("HMAC", key, mac, signed)) || known;
  }
  return known;
}

async function keyOf(secret: string): Promise<CryptoKey> {
  const [, base64] = /^whsec_([A-Za-z0-9+/]{32,86}={0,2})$/.exec(secret) ?? [];
  if (base64 === undefined || base64.length % 4 !== 0) {
    throw new WebhookError("unusable-secret", "A secret is whsec_ and Base64, as it was shown when it was made.");
  }
  return crypto.subtle.importKey("raw", bytesOf(base64), { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

function header(headers: WebhookHeaders, name: string): string {
  const value =
    headers instanceof Headers
      ? headers.get(name)
      : Object.entries(headers).find(([given]) => given.toLowerCase() === name)?.[1];
  if (typeof value !== "string" || value === "") throw new WebhookError("missing-header", `${name} is missing.`);
  return value;
}

function parsed(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  const text = fromUtf8(bytes);
  try {
    const value: unknown = JSON.parse(text ?? "");
    if (isObject(value)) return value;
  } catch {
    // Falls through: whatever it is, it is no JSON object.
  }
  throw new WebhookError("malformed-body", "The body is not a JSON object.");
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
