/**
 * The server's time as the device knows it. Encrypted requests and token headers carry a timestamp that the server
 * compares with its own clock, and a device's clock may be hours off (PowerAuth 3.x, time synchronisation).
 */
import type { Device } from "./device.ts";
import { EngineError } from "./errors.ts";
import { responseObject, type CallOptions } from "./transport.ts";

export interface Clock {
  /** Milliseconds to add to the device's clock. */
  readonly adjustment: number;
  /** Half the round trip of the answer the adjustment came from. */
  readonly precision: number;
  readonly synchronized: boolean;
  /** Device time of the answer the adjustment came from. */
  readonly acceptedAt: number;
  /** Device time before which a failed synchronisation is not tried again. */
  readonly retryAt: number;
}

export const unknownTime: Clock = { adjustment: 0, precision: 0, synchronized: false, acceptedAt: 0, retryAt: 0 };

const slowestAnswer = 16_000;
const negligible = 2_000;
const largestDrift = 10_000;
const pauseAfterFailure = 60_000;
const shortTimeout = 5_000;

/** Milliseconds since the epoch. The device's own time until it is synchronised. */
export function currentTime(device: Device): number {
  return Math.round(device.now() + device.memory.clock.adjustment);
}

/** Takes over the time of an authentic answer that was asked for at `askedAt`, by the device's clock. */
export function acceptServerTime(device: Device, serverTime: number, askedAt: number): void {
  const { clock } = device.memory;
  const now = device.now();
  const roundTrip = now - askedAt;
  if (roundTrip < 0 || roundTrip > slowestAnswer) return;
  const difference = serverTime + roundTrip / 2 - now;
  const keep = Math.abs(difference) < negligible && Math.abs(difference - clock.adjustment) < largestDrift;
  const adjustment = keep ? clock.adjustment : Math.round(difference);
  device.memory.clock = { adjustment, precision: roundTrip / 2, synchronized: true, acceptedAt: now, retryAt: 0 };
}

/** Asks the server for its time. Throws `time-unknown`, `cancelled`. */
export async function synchronizeTime(device: Device, options?: CallOptions): Promise<void> {
  const askedAt = device.now();
  let cause: unknown;
  try {
    await askForTime(device, askedAt, options);
    if (device.memory.clock.synchronized && device.memory.clock.acceptedAt >= askedAt) return;
  } catch (error) {
    if (error instanceof EngineError && error.code === "cancelled") throw error;
    cause = error;
  }
  throw new EngineError("time-unknown", "The server did not tell its time, or too slowly", { cause });
}

export function forgetTime(device: Device): void {
  device.memory.clock = unknownTime;
}

/**
 * Asks the server for its time unless it is known. Without an answer the device's own time serves: the server decides
 * whether it is near enough, and an unreachable server is not asked again for a minute.
 */
export async function synchronizeOnce(device: Device, options?: CallOptions): Promise<void> {
  const { clock } = device.memory;
  const askedAt = device.now();
  if (clock.synchronized || askedAt < clock.retryAt) return;
  try {
    await askForTime(device, askedAt, options);
  } catch (error) {
    if (options?.signal?.aborted === true) throw error;
  }
  if (!device.memory.clock.synchronized) device.memory.clock = { ...clock, retryAt: askedAt + pauseAfterFailure };
}

async function askForTime(device: Device, askedAt: number, options: CallOptions | undefined): Promise<void> {
  const answer = await device.transport.post("/pa/v3/status", "{}", {}, { timeout: shortTimeout, ...options });
  const { serverTime } = responseObject(answer);
  if (typeof serverTime === "number" && Number.isSafeInteger(serverTime)) acceptServerTime(device, serverTime, askedAt);
}
