/**
 * The keys by which a receiver knows our messages, in the manner of Standard Webhooks: HMAC-SHA256 over
 * `id.timestamp.body`, as `v1,<Base64>` in `webhook-signature`. While a key is being replaced both sign, so that a
 * receiver may change over at any time in between.
 */
import { createHmac } from "node:crypto";
import { fromUtf8, utf8 } from "@countersign/protocol/bytes";
import type { RandomBytes } from "@countersign/protocol/bytes";
import type { Deps } from "../../deps.ts";
import type { Sink } from "../sink.ts";

interface SigningKeys {
  /** Base64. */
  readonly current: string;
  readonly previous?: string;
  /** When the previous one ends, epoch ms. */
  readonly previousUntil?: number;
}

const keyBytes = 32;
const prefix = "whsec_";

export interface SealedKey {
  /** As it is shown once, to be given to the receiver. */
  readonly secret: string;
  readonly sealed: string;
}

export function newSigningSecret(
  deps: { readonly random: RandomBytes } & Pick<Deps, "secrets">,
  sinkId: string,
): SealedKey {
  return seal(deps, sinkId, { current: newKey(deps.random) });
}

/** The key in use signs for `overlapMs` more beside the new one; one that was in its own overlap ends at once. */
export function rotatedSecret(
  deps: { readonly random: RandomBytes } & Pick<Deps, "secrets">,
  sink: Sink,
  overlap: { readonly now: number; readonly overlapMs: number },
): SealedKey {
  const { now, overlapMs } = overlap;
  const before = keysOf(deps, sink);
  const kept = before !== undefined && overlapMs > 0 && { previous: before.current, previousUntil: now + overlapMs };
  return seal(deps, sink.id, { current: newKey(deps.random), ...kept });
}

export interface SignedMessage {
  /** The same for every try of one event to one sink. */
  readonly id: string;
  /** Epoch ms; sent in seconds. */
  readonly now: number;
  readonly body: string;
}

/** Headers for one try. Empty for a sink without a key. */
export function signatureHeaders(
  deps: Pick<Deps, "secrets">,
  sink: Sink,
  message: SignedMessage,
): Record<string, string> {
  const keys = keysOf(deps, sink);
  if (keys === undefined) return {};
  const { id, now, body } = message;
  const timestamp = String(Math.floor(now / 1000));
  const active = [
    keys.current,
    ...(keys.previous !== undefined && now < (keys.previousUntil ?? 0) ? [keys.previous] : []),
  ];
  const signatures = active.map((key) => {
    const mac = createHmac("sha256", Buffer.from(key, "base64")).update(`${id}.${timestamp}.${body}`);
    return `v1,${mac.digest("base64")}`;
  });
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures.join(" ") };
}

function keysOf(deps: Pick<Deps, "secrets">, sink: Sink): SigningKeys | undefined {
  if (sink.signing_secret_sealed === null) return undefined;
  return JSON.parse(fromUtf8(deps.secrets.open(placeOf(sink.id), sink.signing_secret_sealed)) ?? "") as SigningKeys;
}

function seal({ secrets }: Pick<Deps, "secrets">, sinkId: string, keys: SigningKeys): SealedKey {
  return { secret: prefix + keys.current, sealed: secrets.seal(placeOf(sinkId), utf8(JSON.stringify(keys))) };
}

function newKey(random: RandomBytes): string {
  return Buffer.from(random(keyBytes)).toString("base64");
}

function placeOf(sinkId: string) {
  return { table: "sink", column: "signing_secret_sealed", row: sinkId };
}
