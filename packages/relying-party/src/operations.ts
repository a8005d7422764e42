/**
 * What a back end does with operations: create one, look, wait for the decision, fetch its receipt, take it back.
 *
 * Only what may be repeated is repeated: reading, and creating under an idempotency key. Cancelling is not.
 */
import type { ReceiptClaims } from "@countersign/protocol/receipt";
import { type Answer, type Connection, exchange, type Exchange } from "./exchange.ts";
import { RelyingPartyError } from "./errors.ts";

export interface OperationsConfiguration extends Connection {
  /** How often a repeatable request is sent at most. Default: 4. */
  readonly attempts?: number;
  /** Pauses between attempts; injected by tests. */
  readonly pause?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
  /** Makes idempotency keys. Default: random UUIDs. */
  readonly newKey?: () => string;
}

export interface NewOperation {
  /** Name of the template. */
  readonly template: string;
  /** Whoever claims it first, when neither a user nor an activation is given. */
  readonly userId?: string;
  /** Whose devices may see it. When absent: the activation's, else all that the API client is limited to. */
  readonly applications?: readonly string[];
  /** Only this activation may decide. */
  readonly activationId?: string;
  /** Only activations with this flag may decide. */
  readonly activationFlag?: string;
  /** The caller's own name for it; need not be unique. */
  readonly externalId?: string;
  /** Fill the places of the template's data, every one of them, and are shown to the person. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Kept with the operation, shown to nobody. */
  readonly additionalData?: Readonly<Record<string, unknown>>;
  /** ISO 8601 with an offset, or epoch milliseconds. When absent, the template's validity counts from now. */
  readonly expiresAt?: string | number;
  /**
   * Asks for the one-time password that your screen shows (`proximityOtp`), so that only a device near it can approve.
   * When absent, the template decides.
   */
  readonly proximityCheck?: boolean;
}

export type OperationStatus = "PENDING" | "APPROVED" | "REJECTED" | "CANCELED" | "EXPIRED" | "FAILED";

/** Times are ISO 8601 in UTC. Members without a value are absent. */
export interface Operation {
  readonly id: string;
  readonly status: OperationStatus;
  /** Why it was cancelled: a code for machines. */
  readonly statusReason?: string;
  readonly template: string;
  readonly operationType: string;
  /** Of a claimed operation whoever claimed it, of a decided one whoever decided. */
  readonly userId?: string;
  readonly applications: readonly string[];
  readonly activationId?: string;
  readonly activationFlag?: string;
  readonly externalId?: string;
  /** What is signed: `A1*…`. */
  readonly data: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly additionalData: Readonly<Record<string, unknown>>;
  /** Factor combinations that may approve, such as `POSSESSION_KNOWLEDGE`. */
  readonly signatureTypes: readonly string[];
  readonly riskFlags?: string;
  readonly proximityCheck: boolean;
  /**
   * For the screen, while the operation is pending: good for 30 to 60 seconds, so look again every 20 or so. Never for
   * the device other than by the screen.
   */
  readonly proximityOtp?: string;
  readonly failureCount: number;
  readonly maxFailureCount: number;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly finalizedAt?: string;
  /** What was tried on it, in order. */
  readonly attempts: readonly Attempt[];
  /** As in the receipt; present when it was approved or rejected. The receipt is the proof, this is a copy to look at. */
  readonly decisions?: readonly (Omit<ReceiptClaims["decisions"][number], "at"> & { readonly at: string })[];
}

/** As lists give it: without what was tried on it and decided. */
export type ListedOperation = Omit<Operation, "attempts" | "decisions">;

/** All conditions that are given must hold. */
export interface OperationFilter {
  readonly userId?: string;
  readonly externalId?: string;
  /** One of these. */
  readonly statuses?: readonly OperationStatus[];
  /** Visible in one of these applications. */
  readonly applications?: readonly string[];
  /** Name of the template. */
  readonly template?: string;
  /** Created from here on, and before there. */
  readonly createdFrom?: Date;
  readonly createdTo?: Date;
}

export interface Attempt {
  readonly action: "approve" | "reject" | "fail";
  /** `decided`, or what stood in the way. */
  readonly outcome: string;
  readonly activationId?: string;
  readonly at: string;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface OfflineQr {
  /** The activation that is to scan it. */
  readonly activationId: string;
  /** Of title and message, such as `cs`. English when absent. */
  readonly language?: string;
}

export interface OfflineCode {
  /** As the person typed it: sixteen digits, with any spaces and dashes. */
  readonly code: string;
  /** Which activation answers; every one that was given a QR code is tried when absent. */
  readonly activationId?: string;
  /** What the app gave `authorizeOffline` as `uriId`, where it gave one. */
  readonly uriId?: string;
}

export interface OperationsClient {
  /**
   * Creates an operation, once, however often the request has to be sent. Give your own key (the payment's id, say) and
   * the same holds across restarts of your process: the answer to a known key is the operation made then.
   *
   * Throws `template-not-found`, `application-not-found`, `invalid-request`, `idempotency-conflict` (same key, other
   * content), `unauthenticated`, `forbidden`, `unreachable`, `timeout`, `cancelled`, `response-malformed`.
   */
  createOperation(
    input: NewOperation,
    options?: CallOptions & { readonly idempotencyKey?: string },
  ): Promise<Operation>;
  /** Throws `operation-not-found` and what every call throws. */
  getOperation(id: string, options?: CallOptions): Promise<Operation>;
  /**
   * Operations, newest first, fetched page by page as they are asked for. Those created meanwhile do not come, and none
   * comes twice. Throws what every call throws, and `application-not-found`.
   */
  listOperations(
    filter?: OperationFilter,
    options?: CallOptions & { readonly pageSize?: number },
  ): AsyncIterable<ListedOperation>;
  /**
   * The operation as soon as it is no longer PENDING, or as it stands when `timeoutMs` are over: look at its `status`.
   * Default: five minutes. Throws as `getOperation`; an unreachable server is asked again until the time is over.
   */
  waitForDecision(id: string, options?: CallOptions & { readonly timeoutMs?: number }): Promise<Operation>;
  /** The receipt as signed text; `verifyReceipt` tells what it is worth. Throws `operation-not-found`, `not-decided`. */
  getReceipt(id: string, options?: CallOptions): Promise<string>;
  /**
   * Takes a pending operation back. Throws `operation-finished`, `operation-canceled`, `operation-expired` or
   * `operation-out-of-tries` when it is too late, `operation-not-found`, and what every call throws.
   * `reason` is a machine code of at most 32 characters that the device is told.
   */
  cancelOperation(id: string, options?: CallOptions & { readonly reason?: string }): Promise<Operation>;
  /**
   * Text of a QR code by which a device without a network is shown the operation. Asked for again, an answer to the
   * earlier code still fits. Throws `operation-not-found`, the state as `cancelOperation`, `operation-flag`,
   * `operation-not-offline` (factors or texts that no code carries), `activation-not-found`, `activation-state`.
   */
  offlineQr(id: string, input: OfflineQr, options?: CallOptions): Promise<string>;
  /**
   * Approves by the code that the device computed: once. Throws `offline-code-wrong`, the state as `cancelOperation`
   * when the operation is no longer pending, `offline-qr-missing`, `activation-state` (blocked, say), `invalid-request`
   * for what is no code. It is not sent again when no answer comes: look at the operation then.
   */
  redeemOfflineCode(id: string, input: OfflineCode, options?: CallOptions): Promise<Operation>;
}

/** `privateUrl` and the credentials are those of an API client with the permission `relying-party`. */
export function operationsClient(configuration: OperationsConfiguration): OperationsClient {
  const pause = configuration.pause ?? sleep;
  const newKey = configuration.newKey ?? (() => crypto.randomUUID());

  /** Sends until an answer comes that another attempt would not change. */
  async function repeatable(request: Exchange, attempts = configuration.attempts ?? 4): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await exchange(configuration, request);
      } catch (error) {
        if (attempt >= attempts || !isPassing(error)) throw error;
        await pause(200 * 2 ** (attempt - 1), request.signal);
      }
    }
  }

  async function get(id: string, signal: AbortSignal | undefined, waitSeconds: number, attempts?: number) {
    const query = waitSeconds > 0 ? `?waitSeconds=${waitSeconds}` : "";
    const path = `/v1/operations/${encodeURIComponent(id)}${query}`;
    return operationOf(await repeatable({ method: "GET", path, signal, extraMs: waitSeconds * 1000 }, attempts));
  }

  return {
    async createOperation(input, { idempotencyKey = newKey(), signal } = {}) {
      const headers = { "idempotency-key": idempotencyKey };
      return operationOf(await repeatable({ method: "POST", path: "/v1/operations", body: input, headers, signal }));
    },

    getOperation: (id, { signal } = {}) => get(id, signal, 0),

    async *listOperations(filter = {}, { pageSize = 50, signal } = {}) {
      const query = queryOf(filter, pageSize);
      for (let cursor: string | undefined; ;) {
        if (cursor !== undefined) query.set("cursor", cursor);
        const page = pageOf(await repeatable({ method: "GET", path: `/v1/operations?${query}`, signal }));
        yield* page.items;
        if (page.nextCursor === undefined) return;
        cursor = page.nextCursor;
      }
    },

    async waitForDecision(id, { timeoutMs = 300_000, signal } = {}) {
      const end = performance.now() + timeoutMs;
      for (let failures = 0; ;) {
        const started = performance.now();
        // Whole seconds, rounded down: the server's wait never outlives the caller's.
        const waitSeconds = Math.min(longestWaitSeconds, Math.floor(Math.max(0, end - started) / 1000));
        try {
          const operation = await get(id, signal, waitSeconds, 1);
          failures = 0;
          if (operation.status !== "PENDING" || performance.now() >= end) return operation;
        } catch (error) {
          if (!isPassing(error) || performance.now() >= end) throw error;
          failures += 1;
        }
        // A server that answers at once, for whatever reason, is not asked more than once a second.
        const early = Math.max(0, pollMs - (performance.now() - started));
        const rest = Math.max(0, end - performance.now());
        await pause(Math.min(failures > 0 ? pollMs * 2 ** Math.min(failures - 1, 4) : early, rest), signal);
      }
    },

    async getReceipt(id, { signal } = {}) {
      const path = `/v1/operations/${encodeURIComponent(id)}/receipt`;
      const { json, status } = await repeatable({ method: "GET", path, signal });
      return textOf("receipt", json, status);
    },

    async cancelOperation(id, { reason, signal } = {}) {
      const path = `/v1/operations/${encodeURIComponent(id)}/cancel`;
      const body = reason === undefined ? {} : { reason };
      return operationOf(await exchange(configuration, { method: "POST", path, body, signal }));
    },

    async offlineQr(id, body, { signal } = {}) {
      const path = `/v1/operations/${encodeURIComponent(id)}/offline-qr`;
      const { json, status } = await repeatable({ method: "POST", path, body, signal });
      return textOf("qr", json, status);
    },

    async redeemOfflineCode(id, body, { signal } = {}) {
      const path = `/v1/operations/${encodeURIComponent(id)}/offline-code`;
      return operationOf(await exchange(configuration, { method: "POST", path, body, signal }));
    },
  };
}

/** What the server grants at most for one long poll. */
const longestWaitSeconds = 30;
const pollMs = 1000;

/** Whether the same request may well succeed a moment later. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof RelyingPartyError)) return false;
  if (error.code === "unreachable" || error.code === "timeout") return true;
  return error.status === 502 || error.status === 503 || error.status === 504;
}

const statuses: ReadonlySet<unknown> = new Set<OperationStatus>([
  "PENDING",
  "APPROVED",
  "REJECTED",
  "CANCELED",
  "EXPIRED",
  "FAILED",
]);

function isOperation(json: unknown): boolean {
  const operation = (typeof json === "object" && json !== null ? json : {}) as Partial<Operation>;
  return typeof operation.id === "string" && typeof operation.data === "string" && statuses.has(operation.status);
}

function queryOf(filter: OperationFilter, pageSize: number): URLSearchParams {
  const query = new URLSearchParams({ limit: String(pageSize) });
  for (const name of ["userId", "externalId", "template"] as const) {
    const value = filter[name];
    if (value !== undefined) query.set(name, value);
  }
  for (const status of filter.statuses ?? []) query.append("status", status);
  for (const application of filter.applications ?? []) query.append("applicationId", application);
  if (filter.createdFrom !== undefined) query.set("createdFrom", filter.createdFrom.toISOString());
  if (filter.createdTo !== undefined) query.set("createdTo", filter.createdTo.toISOString());
  return query;
}

function pageOf({ json, status }: Answer): { items: readonly ListedOperation[]; nextCursor?: string } {
  const { items, nextCursor } = (typeof json === "object" && json !== null ? json : {}) as Record<string, unknown>;
  const known = nextCursor === undefined || typeof nextCursor === "string";
  if (Array.isArray(items) && items.every(isOperation) && known) {
    return { items: items as ListedOperation[], ...(nextCursor !== undefined && { nextCursor }) };
  }
  throw new RelyingPartyError("response-malformed", "The answer is not a page of operations", { status });
}

function operationOf({ json, status }: Answer): Operation {
  if (isOperation(json)) return json as Operation;
  throw new RelyingPartyError("response-malformed", "The answer is not an operation", { status });
}

function textOf(member: "receipt" | "qr", json: unknown, status: number): string {
  const value = typeof json === "object" && json !== null ? (json as Record<string, unknown>)[member] : undefined;
  if (typeof value === "string") return value;
  throw new RelyingPartyError("response-malformed", `The answer holds no ${member}`, { status });
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new RelyingPartyError("cancelled", "The call was cancelled"));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal?.aborted === true) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}
