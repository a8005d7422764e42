/** A bank that creates and decides operations through `/rest/v3`, with the calls spelled once. */
import assert from "node:assert/strict";
import { type BankOptions, type Json, payment, type Reply, startBank } from "./bank.ts";

export type OperationBank = Awaited<ReturnType<typeof startOperationBank>>;

export async function startOperationBank(opened: BankOptions["opened"]) {
  const bank = await startBank({ opened });
  const decider = await bank.client(["decide", "integrate"]);
  const app = await bank.application();
  const { templateName } = await bank.template();
  const { applicationId } = app;

  const request = (more: object = {}) => ({
    templateName,
    userId: "alice",
    applications: [applicationId],
    parameters: payment,
    ...more,
  });

  return {
    bank,
    decider,
    app,
    templateName,
    request,
    create: (more: object = {}): Promise<Json> => bank.done("/operation/create", request(more)),
    detail: (operationId: string): Promise<Json> => bank.done("/operation/detail", { operationId }),

    approve(operationId: string, more: object = {}): Promise<Reply> {
      const approval = { operationId, userId: "alice", applicationId, data: "A1*A100CZK*Nrent" };
      return bank.call("/operation/approve", { ...approval, signatureType: "POSSESSION_KNOWLEDGE", ...more }, decider);
    },

    reject: (operationId: string, more: object = {}): Promise<Reply> =>
      bank.call("/operation/reject", { operationId, userId: "alice", applicationId, ...more }, decider),

    fail: (operationId: string): Promise<Reply> =>
      bank.call("/operation/approve/fail", { operationId, additionalData: {} }, decider),

    cancel: (operationId: string, more: object = {}): Promise<Reply> =>
      bank.call("/operation/cancel", { operationId, ...more }),

    /** Types of the events of one operation, in order. */
    async eventsOf(subject: string): Promise<string[]> {
      const rows = await bank.store.read
        .selectFrom("audit_event")
        .select("type")
        .where("subject", "=", subject)
        .orderBy("at")
        .orderBy("seq")
        .execute();
      return rows.map(({ type }) => type);
    },
  };
}

/** The operation in an answer with this result. */
export function answered(reply: Reply, result: string): Json {
  assert.equal(reply.status, 200, JSON.stringify(reply.body));
  assert.equal(reply.body.responseObject.result, result);
  return reply.body.responseObject.operation;
}
