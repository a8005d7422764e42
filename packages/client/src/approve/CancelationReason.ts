/** Why a person discards a transaction: not now, or "that was not me". */
export const CancelationReason = { USER_CANCEL: "USER_CANCEL", NOTIFY_SUSPICIOUS: "NOTIFY_SUSPICIOUS" } as const;

export type CancelationReason = (typeof CancelationReason)[keyof typeof CancelationReason];
