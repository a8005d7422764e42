/** Examples of `/v1`: templates and the audit. */
import type { Examples } from "../examples.ts";
import { values } from "../values.ts";

export const v1TemplateExamples: Examples = {
  "POST /v1/templates": {
    summary: "Add a template",
    body: {
      name: values.newTemplate,
      operationType: values.template,
      dataTemplate: "A1*A${amount}${currency}*N${note}",
      signatureTypes: ["POSSESSION_KNOWLEDGE", "POSSESSION_BIOMETRY"],
      maxFailureCount: 5,
      expirationSeconds: 300,
    },
    status: 201,
    response: {
      id: 2,
      name: values.newTemplate,
      operationType: values.template,
      dataTemplate: "A1*A${amount}${currency}*N${note}",
      maxFailureCount: 5,
      expirationSeconds: 300,
      proximityCheck: false,
      signatureTypes: ["POSSESSION_KNOWLEDGE", "POSSESSION_BIOMETRY"],
    },
  },
  "GET /v1/templates": {
    summary: "All templates",
    response: {
      items: [
        {
          id: 1,
          name: values.template,
          operationType: "authorize_payment",
          dataTemplate: "A1*A${amount}${currency}*N${note}",
          maxFailureCount: 5,
          expirationSeconds: 300,
          proximityCheck: false,
          signatureTypes: ["POSSESSION_KNOWLEDGE", "POSSESSION_BIOMETRY"],
        },
      ],
    },
  },
  "GET /v1/templates/:name": {
    summary: "One template",
    params: {
      name: values.template,
    },
    response: {
      id: 1,
      name: values.template,
      operationType: "authorize_payment",
      dataTemplate: "A1*A${amount}${currency}*N${note}",
      maxFailureCount: 5,
      expirationSeconds: 300,
      proximityCheck: false,
      signatureTypes: ["POSSESSION_KNOWLEDGE", "POSSESSION_BIOMETRY"],
    },
  },
  "PUT /v1/templates/:name": {
    summary: "Change everything of a template but its name; operations made from it stay as they are",
    params: {
      name: values.oldTemplate,
    },
    body: {
      operationType: values.template,
      dataTemplate: "A1*A${amount}${currency}*N${note}",
      signatureTypes: ["POSSESSION_KNOWLEDGE", "POSSESSION_BIOMETRY"],
      maxFailureCount: 5,
      expirationSeconds: 300,
      riskFlags: "F",
    },
    response: {
      id: values.oldTemplateId,
      name: values.oldTemplate,
      operationType: values.template,
      dataTemplate: "A1*A${amount}${currency}*N${note}",
      maxFailureCount: 5,
      expirationSeconds: 300,
      proximityCheck: false,
      signatureTypes: ["POSSESSION_KNOWLEDGE", "POSSESSION_BIOMETRY"],
      riskFlags: "F",
    },
  },
  "DELETE /v1/templates/:name": {
    summary: "Remove a template; operations made from it stay as they are",
    params: {
      name: values.oldTemplate,
    },
    status: 204,
  },
  "GET /v1/audit": {
    summary: "What was recorded, newest first",
    query: {
      subject: values.approvedOperation,
      type: "operation.approved",
    },
    response: {
      items: [
        {
          id: "01a21e8e-7f1e-78ca-9cdf-ef4b5c1e0c25",
          type: "operation.approved",
          subject: values.approvedOperation,
          lane: "01a21e8e-7dbf-7bad-a6f6-c409b1e8a56b",
          seq: 13,
          hash: "q+p855ApT2bVnbq92xm5aMmSU4fvmbQ7CSTIR247UWw=",
          integrity: "intact",
          covered: false,
          at: "2026-11-27T19:49:44.862Z",
          data: {
            userId: values.user,
            applications: [values.application],
            operationType: "authorize_payment",
            template: values.template,
            data: values.operationData,
            parameters: {
              amount: "1250.00",
              currency: "EUR",
              note: "Rent",
            },
            additionalData: {
              activationId: "c0ff4b84-e205-462e-bb5c-faf89f964634",
              applicationId: values.application,
              ipAddress: "127.0.0.1",
              userAgent: "node",
              authFactor: "possession_knowledge",
            },
            externalId: "order-1",
            activationFlag: null,
            status: "APPROVED",
            statusReason: null,
            failureCount: 0,
            maxFailureCount: 5,
            signatureTypes: ["POSSESSION_KNOWLEDGE", "POSSESSION_BIOMETRY"],
            proximityCheckEnabled: false,
            createdAt: 1795808984797,
            expiresAt: 1795809284797,
            finalizedAt: 1795808984862,
            by: {
              kind: "device",
              activationId: "c0ff4b84-e205-462e-bb5c-faf89f964634",
              factors: "possession_knowledge",
            },
            proximityCheckResult: "DISABLED",
          },
        },
      ],
    },
  },
  "POST /v1/audit/erase": {
    summary: "Erase what the audit holds of a person; that something happened stays",
    body: {
      userId: values.user,
    },
    response: {
      erased: 1,
    },
  },
};
