/**
 * The hash-based counter both sides move with every signature, and how a device finds its place again
 * (PowerAuth 3.x, hash-based counter and status).
 */
import { equalBytes, type Bytes } from "../bytes.ts";
import type { CryptoProvider, SecretKey } from "../crypto.ts";
import { deriveInternal, fold } from "./keys.ts";

export function nextCounter(crypto: CryptoProvider, ctr: Bytes): Bytes {
  return fold(crypto.sha256(ctr));
}

export function advanceCounter(crypto: CryptoProvider, ctr: Bytes, steps: number): Bytes {
  let value = ctr;
  for (let step = 0; step < steps; step++) value = nextCounter(crypto, value);
  return value;
}

/** What the status blob shows of the counter. */
export function counterHash(crypto: CryptoProvider, transportCtr: SecretKey, ctr: Bytes): Bytes {
  return deriveInternal(crypto, transportCtr, ctr);
}

/** The device's counter. `ctrByte` is missing where the activation was made by a client that did not keep one. */
export interface LocalCounter {
  readonly ctrData: Bytes;
  readonly ctrByte?: number | undefined;
}

/** What a status from 3.1 on says of the server's next expected counter value. */
export interface ServerCounter {
  readonly ctrByte: number;
  /** 1 to 64, as `openStatusBlob` has checked. */
  readonly lookAhead: number;
  readonly ctrDataHash: Bytes;
}

/**
 * `in-sync`: nothing to do. `client-ahead`: signatures were lost on the way, the server still finds the next one.
 * `sign-soon`: more than half of the look-ahead is used up. `adopted`: the server was ahead (or the local byte was
 * missing) and its position was taken. `deadlock`: no signature of this activation will verify again.
 */
export type CounterOutcome = "in-sync" | "client-ahead" | "sign-soon" | "adopted" | "deadlock";

export interface ReconciledCounter extends LocalCounter {
  readonly outcome: CounterOutcome;
}

export function reconcileCounter(
  crypto: CryptoProvider,
  local: LocalCounter,
  status: ServerCounter,
  transportCtr: SecretKey,
): ReconciledCounter {
  const { ctrData, ctrByte } = local;
  const unchanged = (outcome: CounterOutcome): ReconciledCounter => ({ outcome, ctrData, ctrByte });
  const ahead = findServerValue(crypto, ctrData, status, transportCtr);
  if (ctrByte === undefined) {
    return ahead?.offset === 0 ? { outcome: "adopted", ctrData, ctrByte: status.ctrByte } : unchanged("in-sync");
  }
  const distance = byteDistance(ctrByte, status.ctrByte);
  if (ahead?.offset === 0 && distance === 0) return unchanged("in-sync");
  if (ahead === undefined && distance > 0) {
    if (distance > status.lookAhead) return unchanged("deadlock");
    return unchanged(distance > status.lookAhead / 2 ? "sign-soon" : "client-ahead");
  }
  if (ahead !== undefined && ahead.offset === -distance) {
    return { outcome: "adopted", ctrData: ahead.ctr, ctrByte: status.ctrByte };
  }
  return unchanged("deadlock");
}

function findServerValue(
  crypto: CryptoProvider,
  ctrData: Bytes,
  status: ServerCounter,
  transportCtr: SecretKey,
): { readonly offset: number; readonly ctr: Bytes } | undefined {
  let ctr = ctrData;
  for (let offset = 0; offset < status.lookAhead; offset++) {
    if (equalBytes(counterHash(crypto, transportCtr, ctr), status.ctrDataHash)) return { offset, ctr };
    ctr = nextCounter(crypto, ctr);
  }
  return undefined;
}

/** Local minus server on the circle of 256, the shorter way round. */
function byteDistance(local: number, server: number): number {
  const forward = (local - server + 256) % 256;
  return forward <= 128 ? forward : forward - 256;
}
