/** Hot commands for storage tests, each as small as its rule allows. */
import type { EventDraft } from "../src/audit/event.ts";
import type {
  ActivationRow,
  ActivationUpdate,
  HotCommand,
  OperationRow,
  OperationUpdate,
  Store,
} from "../src/store/store.ts";
import { draft } from "./store-rows.ts";

export function activationUpdate(from: ActivationRow, set: Partial<ActivationUpdate>): ActivationUpdate {
  const { counter, ctr_data, failed_attempts, status, blocked_reason, version_floor, name, changed_at, last_used_at } =
    from;
  return {
    counter,
    ctr_data,
    failed_attempts,
    status,
    blocked_reason,
    version_floor,
    name,
    changed_at,
    last_used_at,
    ...set,
  };
}

export function operationUpdate(from: OperationRow, set: Partial<OperationUpdate>): OperationUpdate {
  const { status, status_reason, failure_count, user_id, additional_data, finalized_at } = from;
  return { status, status_reason, failure_count, user_id, additional_data, finalized_at, ...set };
}

/** Accepts one counter value: the one that is expected, and moves on. */
export function accept(id: string, counter: number): HotCommand<"accepted" | "refused"> {
  return {
    activationId: id,
    evaluate({ activation }, now) {
      if (activation?.counter !== counter) return { result: "refused" };
      const set = activationUpdate(activation, {
        counter: counter + 1,
        ctr_data: `c${counter + 1}`,
        last_used_at: now,
      });
      return {
        result: "accepted",
        writes: { activation: { from: activation, set }, events: [draft("signature.accepted", id)] },
      };
    },
  };
}

/** Decides a pending operation; refused when it is not. */
export function decide(
  operationId: string,
  status: "APPROVED" | "REJECTED",
  activationId?: string,
): HotCommand<"decided" | "refused"> {
  return {
    operationId,
    ...(activationId !== undefined && { activationId }),
    evaluate({ operation }, now) {
      if (operation?.status !== "PENDING") return { result: "refused" };
      const type: EventDraft["type"] = status === "APPROVED" ? "operation.approved" : "operation.rejected";
      return {
        result: "decided",
        writes: {
          operation: { from: operation, set: operationUpdate(operation, { status, finalized_at: now }) },
          decision: (place) => ({
            tenant: operation.tenant,
            operation_id: operationId,
            claims: JSON.stringify({ status, place }),
            at: now,
          }),
          events: [draft(type, operationId, JSON.parse(operation.applications) as string[])],
        },
      };
    },
  };
}

export function claim(nonce: string, more: Partial<HotCommand<boolean>> = {}): HotCommand<boolean> {
  return {
    claims: [{ table: "replay", row: { tenant: "default", subject: "token-1", nonce, expires_at: 1 } }],
    evaluate: ({ claimed }) => ({ result: claimed }),
    ...more,
  };
}

/** One event and nothing else. */
export function record(subject: string, applications: readonly string[] = []): HotCommand<string> {
  return {
    evaluate: () => ({ result: subject, writes: { events: [draft("operation.created", subject, applications)] } }),
  };
}

export async function count(store: Store, table: "audit_event" | "decision" | "replay" | "outbox"): Promise<number> {
  const { n } = await store.read
    .selectFrom(table)
    .select((e) => e.fn.countAll<number>().as("n"))
    .executeTakeFirstOrThrow();
  return n;
}
