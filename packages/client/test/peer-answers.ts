/** The envelopes in which the in-test peer answers, and what it shows of an operation. */
import type { PeerOperation } from "./peer-operations.ts";
import type { PeerRequest } from "./peer-state.ts";

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export function ok(responseObject?: unknown): Answer {
  return { status: 200, body: { status: "OK", responseObject } };
}

export function refused(status: number, code: string): Answer {
  return { status, body: { status: "ERROR", responseObject: { code, message: `peer says ${code}` } } };
}

export function unauthorized(): Answer {
  return refused(401, "ERR_AUTHENTICATION");
}

export function requestObject(request: PeerRequest): Record<string, unknown> {
  return (JSON.parse(request.body) as { requestObject?: Record<string, unknown> }).requestObject ?? {};
}

export function shown({ id, data, status, shown: members }: PeerOperation) {
  return {
    id,
    name: "authorize_payment",
    data,
    status,
    operationCreated: "2030-01-01T10:00:00+0000",
    operationExpires: "2030-01-01T10:05:00+0000",
    allowedSignatureType: { type: "2FA", variants: ["possession_knowledge", "possession_biometry"] },
    formData: {
      title: "Payment",
      message: "",
      attributes: [{ type: "KEY_VALUE", id: "to", label: "To", value: "Bob" }],
    },
    ...members,
  };
}
