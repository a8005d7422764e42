/** What `/v1` answers, as far as the console shows it. */

export type OperationStatus = "PENDING" | "APPROVED" | "REJECTED" | "CANCELED" | "EXPIRED" | "FAILED";
export const operationStatuses: readonly OperationStatus[] = [
  "PENDING",
  "APPROVED",
  "REJECTED",
  "CANCELED",
  "EXPIRED",
  "FAILED",
];

export interface ListedOperation {
  readonly id: string;
  readonly status: OperationStatus;
  readonly statusReason?: string;
  readonly template: string;
  readonly operationType: string;
  readonly userId?: string;
  readonly applications: readonly string[];
  readonly activationId?: string;
  readonly externalId?: string;
  readonly data: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly signatureTypes: readonly string[];
  readonly riskFlags?: string;
  readonly proximityCheck: boolean;
  readonly failureCount: number;
  readonly maxFailureCount: number;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly finalizedAt?: string;
}

export interface Operation extends ListedOperation {
  readonly attempts: readonly {
    readonly action: string;
    readonly outcome: string;
    readonly activationId?: string;
    readonly at: string;
  }[];
  readonly decisions?: readonly Readonly<Record<string, unknown>>[];
}

export interface Device {
  readonly id: string;
  readonly status: string;
  readonly blockedReason?: string;
  readonly userId: string;
  readonly applicationId: string;
  readonly name?: string;
  readonly platform?: string;
  readonly deviceInfo?: string;
  readonly flags?: readonly string[];
  readonly failedAttempts: number;
  readonly maxFailedAttempts?: number;
  readonly createdAt: string;
  readonly lastUsedAt: string;
}

/** With what the detail of an activation or a container adds. */
export interface DeviceDetail extends Device {
  readonly fingerprint?: string;
  readonly deviceType?: string;
  readonly device?: Readonly<Record<string, unknown>>;
  readonly keys?: readonly {
    readonly use: string;
    readonly kid: string;
    readonly policy: string;
    readonly state: string;
  }[];
}

export interface User {
  readonly id: string;
  readonly activeDevices: number;
  readonly blockedDevices: number;
  readonly otherDevices: number;
  readonly lastUsedAt: string;
}

export interface AuditEntry {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly at: string;
  readonly lane: string;
  readonly seq: number;
  readonly hash: string;
  readonly integrity: "intact" | "erased" | "changed";
  readonly covered: boolean;
  readonly data?: Readonly<Record<string, unknown>>;
}

export interface Sink {
  readonly id: string;
  readonly applicationId: string;
  readonly name: string;
  readonly url: string;
  readonly enabled: boolean;
  readonly createdAt: string;
  readonly type?: string;
}

export interface Delivery {
  readonly id: string;
  readonly state: "PENDING" | "DONE" | "DEAD";
  readonly attempts: number;
  readonly event: { readonly id: string; readonly type: string; readonly subject: string; readonly at: string };
  readonly lastFailure?: string;
  readonly dueAt?: string;
  readonly settledAt?: string;
}

export interface Template {
  readonly id: number;
  readonly name: string;
  readonly operationType: string;
  readonly dataTemplate: string;
  readonly signatureTypes: readonly string[];
  readonly maxFailureCount: number;
  readonly expirationSeconds: number;
  readonly riskFlags?: string;
  readonly proximityCheck: boolean;
  readonly approval?: object;
}

export interface DisplayTemplate {
  readonly operationType: string;
  readonly language: string;
  readonly title: string;
  readonly message: string;
  readonly attributes: readonly {
    readonly id: string;
    readonly type: string;
    readonly text: string;
    readonly params: Readonly<Record<string, string>>;
  }[];
  readonly resultTexts?: object;
  readonly ui?: Readonly<Record<string, unknown>>;
  readonly updatedAt: string;
}

export interface Preview {
  readonly formData: {
    readonly title: string;
    readonly message: string;
    readonly attributes: readonly ({ readonly type: string; readonly id: string; readonly label: string } & Readonly<
      Record<string, unknown>
    >)[];
  };
  readonly ui?: Readonly<Record<string, unknown>>;
}

export interface Statistics {
  readonly steps: readonly {
    readonly at: string;
    readonly statuses: Readonly<Partial<Record<OperationStatus, number>>>;
    readonly failedAttempts: number;
  }[];
  readonly latency: readonly { readonly upToSeconds?: number; readonly count: number }[];
  readonly failures: readonly { readonly outcome: string; readonly count: number }[];
  readonly pending: number;
}
