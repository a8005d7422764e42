/** The person's answer, signed on the device (Approve protocol §8), and what a device starts by itself (§9). */
import { toBase64Url, utf8, type Bytes } from "../bytes.ts";
import { count, digest, exactly, listOf, object, seconds, shaped, text, unique, url, uuid } from "./claims.ts";
import type { Message } from "./message.ts";
import { verificationMethods, type LockRecord, type VerificationMethod } from "./policy.ts";

export interface Verification {
  readonly method: VerificationMethod;
  readonly lock: LockRecord["type"];
}

/** Members that every signed answer of a device has. */
export interface AnswerClaims {
  /** Id of the container. */
  readonly iss: string;
  readonly aud: string;
  readonly status: string;
  readonly shown_sha256: string;
  readonly iat: number;
  readonly exp: number;
  readonly jti: string;
  /** Rises with every answer of the container. */
  readonly seq: number;
  /** `answerDigest` of the last answer the server accepted. */
  readonly prev: string;
  readonly uv: Verification;
  /** RFC 8176. */
  readonly amr: readonly string[];
  /** Mobile context, Base64, kept as it came. */
  readonly ctx?: string;
  readonly threats?: readonly object[];
}

export interface ResponseClaims extends AnswerClaims {
  readonly tid: string;
  readonly nonce: string;
  /** SHA-256 of the characters of the transaction's JWS. */
  readonly tx_sha256: string;
  readonly num?: string;
}

export interface DirectClaims extends AnswerClaims {
  /** From the server, as for a proof of possession. */
  readonly nonce: string;
  /** Client that may redeem it. */
  readonly azp: string;
  readonly message: string;
  readonly authorizationDetails?: readonly object[];
}

export interface CancelClaims {
  readonly iss: string;
  readonly aud: string;
  readonly tid: string;
  readonly reason: "USER_CANCEL" | "NOTIFY_SUSPICIOUS";
  readonly message: string;
  readonly jti: string;
  readonly iat: number;
}

/** Longest mobile context, characters. */
export const longestContext = 16_384;

const answer = {
  iss: uuid,
  aud: url,
  status: text(64),
  shown_sha256: digest,
  iat: seconds,
  exp: seconds,
  jti: unique,
  seq: count,
  prev: digest,
  uv: shaped({
    required: { method: exactly(...verificationMethods), lock: exactly("none", "counter", "delay", "silent") },
  }),
  amr: listOf(text(16), 8),
};

const context = (value: unknown) => isContext(value);

/** Padded or not, either alphabet: it is not ours, and not read. */
export function isContext(value: unknown): value is string {
  return typeof value === "string" && value.length <= longestContext && /^[A-Za-z0-9+/_-]*={0,2}$/.test(value);
}

const answerOptions = { ctx: context, threats: listOf(object, 32) };

export const response: Message<ResponseClaims> = {
  typ: "apv-res+jwt",
  shape: {
    required: { ...answer, tid: uuid, nonce: unique, tx_sha256: digest },
    optional: { ...answerOptions, num: (value) => typeof value === "string" && /^\d{6}$/.test(value) },
  },
};

export const direct: Message<DirectClaims> = {
  typ: "apv-dcs+jwt",
  shape: {
    required: { ...answer, nonce: text(256), azp: text(255), message: text(4096) },
    optional: { ...answerOptions, authorizationDetails: listOf(object, 16) },
  },
};

export const cancel: Message<CancelClaims> = {
  typ: "apv-cancel+jwt",
  shape: {
    required: {
      iss: uuid,
      aud: url,
      tid: uuid,
      reason: exactly("USER_CANCEL", "NOTIFY_SUSPICIOUS"),
      message: text(256, 0),
      jti: unique,
      iat: seconds,
    },
  },
};

/** Longest lives, in seconds. */
export const answerSeconds = { response: 300, direct: 60 } as const;

/** How far the device's clock may be from the server's, in seconds (APV-OBJ-7). */
export const clockSkew = 60;

/**
 * What names an answer (APV-RES-9): SHA-256, Base64url, of what is signed, header and payload. Not of the signature, which
 * is another each time the person signs the same, and would confirm a guessed password (APV-LOCK-2).
 */
export function answerDigest(sha256: (data: Bytes) => Bytes, signed: string): string {
  return toBase64Url(sha256(utf8(signed.slice(0, signed.lastIndexOf(".")))));
}

/** `prev` of the first answer of a container. */
export const noAnswer = "A".repeat(43);

/** APV-OBJ-7: made at most a minute ahead, of a life no longer than allowed, and not over. `now` in seconds. */
export function isTimely(
  { iat, exp }: { readonly iat: number; readonly exp: number },
  now: number,
  longest: number,
): boolean {
  return iat <= now + clockSkew && exp > iat && exp - iat <= longest && exp > now - clockSkew;
}
