/** Bodies of callbacks in the form that PowerAuth back offices know: the attributes that were asked for, no others. */
import type { Event } from "../../audit/event.ts";

type Data = Readonly<Record<string, unknown>>;

const operation: Readonly<Record<string, (data: Data) => unknown>> = {
  userId: ({ userId }) => userId,
  applications: ({ applications }) => applications,
  operationType: ({ operationType }) => operationType,
  parameters: ({ parameters }) => parameters,
  additionalData: ({ additionalData }) => withDevice(additionalData),
  activationFlag: ({ activationFlag }) => activationFlag,
  status: ({ status }) => status,
  data: ({ data }) => data,
  failureCount: ({ failureCount }) => failureCount,
  maxFailureCount: ({ maxFailureCount }) => maxFailureCount,
  signatureType: ({ signatureTypes }) => signatureTypes,
  // The name since 2.0.
  authenticationCodeType: ({ signatureTypes }) => signatureTypes,
  externalId: ({ externalId }) => externalId,
  timestampCreated: ({ createdAt }) => date(createdAt),
  timestampExpires: ({ expiresAt }) => date(expiresAt),
  timestampFinalized: ({ finalizedAt }) => date(finalizedAt),
};

const activation: Readonly<Record<string, (data: Data) => unknown>> = {
  userId: ({ userId }) => userId,
  activationName: ({ name }) => name,
  deviceInfo: ({ deviceInfo }) => deviceInfo,
  platform: ({ platform }) => platform,
  protocol: ({ protocol }) => protocol,
  activationFlags: ({ flags }) => flags,
  activationStatus: ({ status }) => status,
  blockedReason: ({ blockedReason }) => blockedReason,
  applicationId: ({ applicationId }) => applicationId,
};

interface Form {
  readonly type: string;
  readonly subject: string;
  readonly attributes: Readonly<Record<string, (data: Data) => unknown>>;
}

const forms = new Map<string, Form>([
  ["operation", { type: "OPERATION", subject: "operationId", attributes: operation }],
  ["activation", { type: "ACTIVATION", subject: "activationId", attributes: activation }],
]);

/** Undefined for an event that such a callback says nothing of. Unknown attributes are left out. */
export function callbackBody(event: Event, attributes: readonly string[]): Record<string, unknown> | undefined {
  const form = forms.get(event.type.slice(0, event.type.indexOf(".")));
  if (form === undefined) return undefined;
  // The last failed try is told once, by the event that says the operation failed.
  if (event.type === "operation.attempt.failed" && event.data.status !== "PENDING") return undefined;
  const chosen = attributes.flatMap((name) => {
    const read = Object.hasOwn(form.attributes, name) ? form.attributes[name] : undefined;
    return read === undefined ? [] : [[name, read(event.data) ?? null] as const];
  });
  return { type: form.type, [form.subject]: event.subject, ...Object.fromEntries(chosen) };
}

/** `PowerAuthNetworking/1.1.7 (en; cellular) com.example.app/2.0.0 (Apple; iOS/16.6.1; iphone12,3)`, taken apart. */
const userAgentForm =
  /^PowerAuthNetworking\/(?<networkVersion>[^ ()]+) \((?<language>[^;()]+); (?<connection>[^;()]+)\) (?<product>[^/ ()]+)\/(?<version>[^ ()]+) \((?<platform>[^;()]+); (?<os>[^/;()]+)\/(?<osVersion>[^;()]+); (?<model>[^()]+)\)$/;

function withDevice(additionalData: unknown): unknown {
  if (typeof additionalData !== "object" || additionalData === null) return additionalData;
  const { userAgent } = additionalData as { readonly userAgent?: unknown };
  const device = typeof userAgent === "string" ? userAgentForm.exec(userAgent)?.groups : undefined;
  return device === undefined ? additionalData : { ...additionalData, device: { ...device } };
}

function date(at: unknown): string | null {
  return typeof at === "number" ? new Date(at).toISOString().replace("Z", "+00:00") : null;
}
