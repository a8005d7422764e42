/** What `createActivation` and `fetchActivationStatus` give back. */
import type { PowerAuthUserInfo } from "./power-auth/PowerAuthUserInfo.ts";
import type { ActivationStatus, ServerState } from "../engine/status.ts";

const states = {
  created: "CREATED",
  pendingCommit: "PENDING_COMMIT",
  active: "ACTIVE",
  blocked: "BLOCKED",
  removed: "REMOVED",
  deadlock: "DEADLOCK",
} as const satisfies Record<ServerState, string>;

/** `DEADLOCK` is found out by the device: its counter and the server's cannot be brought together again. */
export type PowerAuthActivationState = (typeof states)[ServerState];

/** Each state under its own name. */
export const PowerAuthActivationState = {
  CREATED: "CREATED",
  PENDING_COMMIT: "PENDING_COMMIT",
  ACTIVE: "ACTIVE",
  BLOCKED: "BLOCKED",
  REMOVED: "REMOVED",
  DEADLOCK: "DEADLOCK",
} as const satisfies { readonly [State in PowerAuthActivationState]: State };

export interface PowerAuthActivationStatus {
  readonly state: PowerAuthActivationState;
  readonly failCount: number;
  readonly maxFailCount: number;
  /** Zero unless the activation is active. */
  readonly remainingAttempts: number;
  /** What the server's own extension adds. */
  readonly customObject?: Readonly<Record<string, unknown>>;
}

export interface PowerAuthCreateActivationResult {
  /** Eight digits, to be compared with what the server shows. */
  readonly activationFingerprint: string;
  readonly activationRecovery?: { readonly recoveryCode: string; readonly puk: string };
  readonly customAttributes?: Readonly<Record<string, unknown>>;
  /** The person, where the server tells already. */
  readonly userInfo?: PowerAuthUserInfo;
}

export function asActivationStatus(status: ActivationStatus): PowerAuthActivationStatus {
  const { failedAttempts: failCount, maxFailedAttempts: maxFailCount, customObject } = status;
  return {
    state: states[status.state],
    failCount,
    maxFailCount,
    remainingAttempts: status.state === "active" ? Math.max(0, maxFailCount - failCount) : 0,
    ...(customObject !== undefined && { customObject }),
  };
}
