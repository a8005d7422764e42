/**
 * The status blob of an activation (PowerAuth 3.x, status). It is encrypted and not authenticated: CBC without a MAC.
 * A garbled first half is noticed by its magic number; the second half holds the counter's hash and nothing else.
 */
import { concat, fromBase64, toBase64, type Bytes, type RandomBytes } from "../bytes.ts";
import type { CryptoProvider } from "../crypto.ts";
import { failure, type Failure } from "../errors.ts";
import { deriveInternal, type ActivationKeys } from "./keys.ts";

export const activationStates = { created: 1, pendingCommit: 2, active: 3, blocked: 4, removed: 5 } as const;
export type ActivationState = (typeof activationStates)[keyof typeof activationStates];

export interface ActivationStatusBlob {
  readonly state: ActivationState;
  /** Major protocol version of the activation. */
  readonly currentVersion: number;
  /** Highest major protocol version of the server. */
  readonly upgradeVersion: number;
  /** Low byte of the server's numeric counter. Without a challenge (3.0) random, like the two members below. */
  readonly ctrByte: number;
  readonly failedAttempts: number;
  readonly maxFailedAttempts: number;
  readonly lookAhead: number;
  /** 16 bytes: `counterHash` of the value the server expects next. */
  readonly ctrDataHash: Bytes;
}

type StatusKeys = Pick<ActivationKeys, "transport" | "transportIv">;

const magic = [0xde, 0xc0, 0xde] as const;
const firstFormat = 0xd1;
const lastFormat = 0xdf;
const blobLength = 32;
const maximumLookAhead = 64;

/** Zero without a challenge (3.0). `challenge` comes from the device, `nonce` from the server, 16 bytes each. */
export function statusIv(
  crypto: CryptoProvider,
  transportIv: ActivationKeys["transportIv"],
  challenge: Bytes | undefined,
  nonce: Bytes | undefined,
): Bytes {
  if (challenge === undefined || nonce === undefined) return new Uint8Array(16);
  return deriveInternal(crypto, transportIv, concat(challenge, nonce));
}

/** Server. Base64 of 32 bytes. Without a challenge the counter members are replaced by random bytes. */
export function sealStatusBlob(
  crypto: CryptoProvider,
  random: RandomBytes,
  keys: StatusKeys,
  blob: ActivationStatusBlob,
  challenge?: Bytes,
  nonce?: Bytes,
): string {
  if (blob.ctrDataHash.length !== 16) throw new RangeError("The counter's hash has 16 bytes");
  const fixed = [...magic, firstFormat, blob.state, blob.currentVersion, blob.upgradeVersion];
  const known = challenge !== undefined && nonce !== undefined;
  const plaintext = concat(
    Uint8Array.from(fixed),
    random(5),
    known ? Uint8Array.of(blob.ctrByte) : random(1),
    Uint8Array.of(blob.failedAttempts, blob.maxFailedAttempts),
    known ? Uint8Array.of(blob.lookAhead) : random(1),
    known ? blob.ctrDataHash : random(16),
  );
  const iv = statusIv(crypto, keys.transportIv, challenge, nonce);
  return toBase64(crypto.aesCbcEncrypt(keys.transport, iv, plaintext, { padding: false }));
}

/**
 * Device. `status-malformed` for another size, a wrong magic number (wrong key, challenge or nonce, or a changed first
 * half), an unknown state, or a look-ahead that is not 1 to 64. A changed second half is not noticed here: it shows as
 * another `ctrDataHash`, which no counter value of the device will match.
 */
export function openStatusBlob(
  crypto: CryptoProvider,
  keys: StatusKeys,
  text: string,
  challenge?: Bytes,
  nonce?: Bytes,
): ActivationStatusBlob | Failure {
  const encrypted = fromBase64(text);
  if (encrypted?.length !== blobLength) return failure("status-malformed");
  const iv = statusIv(crypto, keys.transportIv, challenge, nonce);
  const blob = crypto.aesCbcDecrypt(keys.transport, iv, encrypted, { padding: false });
  if (blob === undefined || !hasMagic(blob)) return failure("status-malformed");
  const state = blob[4]!;
  const lookAhead = blob[15]!;
  const counterKnown = challenge !== undefined && nonce !== undefined;
  if (!isActivationState(state)) return failure("status-malformed");
  if (counterKnown && (lookAhead < 1 || lookAhead > maximumLookAhead)) return failure("status-malformed");
  return {
    state,
    currentVersion: blob[5]!,
    upgradeVersion: blob[6]!,
    ctrByte: blob[12]!,
    failedAttempts: blob[13]!,
    maxFailedAttempts: blob[14]!,
    lookAhead,
    ctrDataHash: blob.slice(16),
  };
}

function hasMagic(blob: Bytes): boolean {
  const format = blob[3]!;
  return magic.every((byte, index) => blob[index] === byte) && format >= firstFormat && format <= lastFormat;
}

function isActivationState(value: number): value is ActivationState {
  return value >= activationStates.created && value <= activationStates.removed;
}
