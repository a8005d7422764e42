/** The invitation to enrol (Approve protocol §3), and the code that person and portal compare (APV-ENR-6). */
import { concat, fromBase64Url, utf8, type Bytes } from "../bytes.ts";
import { digest, exactly, listOf, seconds, text, unique, url } from "./claims.ts";
import type { Message } from "./message.ts";

export interface OfferClaims {
  /** Public URL of the server. */
  readonly iss: string;
  readonly jti: string;
  readonly code: string;
  readonly iat: number;
  readonly exp: number;
  readonly dty: "apv1";
  readonly tenant: string;
  /** Thumbprints of the server's keys. */
  readonly sks: readonly string[];
  /** How the user is called, for the screen. */
  readonly sub_hint?: string;
}

export const offer: Message<OfferClaims> = {
  typ: "apv-offer+jwt",
  shape: {
    required: {
      iss: url,
      jti: unique,
      code: unique,
      iat: seconds,
      exp: seconds,
      dty: exactly("apv1"),
      tenant: text(64),
      sks: listOf(digest, 8, 1),
    },
    optional: { sub_hint: text(64) },
  },
};

/** Longest life of an offer, in seconds. */
export const offerSeconds = 600;

/** Six digits of a transcript and the server key that answered it. */
export function transcriptCode(sha256: (data: Bytes) => Bytes, transcript: string, serverKid: string): string {
  const bytes = fromBase64Url(transcript);
  if (bytes === undefined) throw new TypeError("Not a transcript");
  const [a = 0, b = 0, c = 0] = sha256(concat(bytes, utf8(serverKid)));
  return String(((a << 12) | (b << 4) | (c >> 4)) % 1_000_000).padStart(6, "0");
}
