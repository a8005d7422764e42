/**
 * The proof that the device was near the screen when the person decided: which one-time password came in, how, and when.
 */
import type { Device } from "../../engine/device.ts";
import { currentTime } from "../../engine/time.ts";
import { requireInstance } from "../instances.ts";
import { MobileTokenError } from "../MobileTokenError.ts";
import type { OperationProximityCheck } from "../model/operation.ts";
import type { PowerAuth } from "../PowerAuth.ts";

/** How the password came in: scanned, or by a link that opened the application. */
export const ProximityCheckType = { QR_CODE: "QR_CODE", DEEPLINK: "DEEPLINK" } as const;
export type ProximityCheckType = (typeof ProximityCheckType)[keyof typeof ProximityCheckType];

/** Makes what goes into `operation.proximityCheck`. An object of the application's own with the same members will do. */
export class ProximityCheck implements OperationProximityCheck {
  readonly totp: string;
  readonly type: ProximityCheckType;
  readonly timestampReceived: Date;

  /** Received now, unless another time is given. */
  constructor(totp: string, type: ProximityCheckType, timestampReceived: Date = new Date()) {
    this.totp = totp;
    this.type = type;
    this.timestampReceived = timestampReceived;
  }

  /** `timestampReceived`: when the code was scanned or the link opened. */
  static create(totp: string, type: ProximityCheckType, timestampReceived: Date): ProximityCheck {
    return new ProximityCheck(totp, type, timestampReceived);
  }

  /** Received now. `authorize` tells the time as the server counts it. Throws `INSTANCE_NOT_CONFIGURED`. */
  static async withSynchronizedTime(
    totp: string,
    type: ProximityCheckType,
    powerAuth: PowerAuth,
  ): Promise<ProximityCheck> {
    return new ProximityCheck(totp, type, new Date(requireInstance(powerAuth.instanceId).device.now()));
  }
}

/**
 * As the server reads it: the password is called `otp`, and the time of sending is added, both times by the server's
 * clock as far as it is known. Throws `operations_proximityCheckInvalid` for a time that is none, or that is later than now.
 */
export function encodeProximityCheck(device: Device, check: OperationProximityCheck) {
  const now = device.now();
  const sent = currentTime(device);
  const received = receivedAt(check.timestampReceived, now, sent);
  return {
    otp: check.totp,
    type: check.type,
    timestampReceived: new Date(received).toISOString(),
    timestampSent: new Date(sent).toISOString(),
  };
}

/** Applications note the time by the device's clock, or by the server's where they have it. */
function receivedAt(received: Date, now: number, sent: number): number {
  const time = received instanceof Date ? received.getTime() : Number.NaN;
  if (time <= now) return time + (sent - now);
  if (time <= sent) return time;
  const detail = Number.isNaN(time) ? "timestamp-received-invalid" : "received-after-sent";
  throw new MobileTokenError("operations_proximityCheckInvalid", `The proximity check is not possible: ${detail}`, {
    detail,
  });
}
