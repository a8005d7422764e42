/** Examples of `/v1`: transactions of Approve devices, what they sign directly, and users who are left alone. */
import type { Examples } from "../../examples.ts";
import { values } from "../../values.ts";

export const v1TransactionExamples: Examples = {
  "POST /v1/transactions": {
    summary: "Ask whoever scans a code for an approval, or a user's devices",
    body: {
      template: values.template,
      applications: [values.application],
      parameters: { amount: "1250.00", currency: "EUR", note: "Rent" },
      bindingMessage: "AB-12",
    },
    status: 201,
    response: {
      operation: {
        id: "bd3b6e65-cc34-4bf7-b225-1575e46d99de",
        status: "PENDING",
        template: values.template,
        operationType: "authorize_payment",
        applications: [values.application],
        data: values.operationData,
        parameters: { amount: "1250.00", currency: "EUR", note: "Rent" },
        additionalData: {},
        signatureTypes: ["POSSESSION_KNOWLEDGE", "POSSESSION_BIOMETRY"],
        proximityCheck: false,
        failureCount: 0,
        maxFailureCount: 5,
        createdAt: "2026-11-27T18:31:17.777Z",
        expiresAt: "2026-11-27T18:36:17.777Z",
        attempts: [],
      },
      open: {
        reference: "eyJhbGciOiJFUzI1NiIsInR5cCI6ImFwdi1yZWYrand0Iiwia2lkIjoiLi4uIn0.eyJxciI6MX0.c2ln",
        link: "https://approve.bank.example/approve/v1/open#ref=eyJhbGciOiJFUzI1NiJ9.eyJxciI6MX0.c2ln",
        rotateSeconds: 15,
      },
    },
  },
  "GET /v1/transactions/:id/reference": {
    summary: "The next code for the page that shows it",
    params: { id: values.openOperation },
    response: {
      reference: "eyJhbGciOiJFUzI1NiIsInR5cCI6ImFwdi1yZWYrand0Iiwia2lkIjoiLi4uIn0.eyJxciI6MX0.c2ln",
      link: "https://approve.bank.example/approve/v1/open#ref=eyJhbGciOiJFUzI1NiJ9.eyJxciI6MX0.c2ln",
      rotateSeconds: 15,
    },
  },
  "POST /v1/direct-requests/:id/redeem": {
    summary: "Take what a device signed directly, once",
    params: { id: values.directRequest },
    response: {
      status: "approve",
      operation: {
        id: "bd3b6e65-cc34-4bf7-b225-1575e46d99de",
        status: "APPROVED",
        template: "direct",
        operationType: "direct_signing",
        userId: values.user,
        applications: [values.application],
        activationId: "0a1b6c2d-e3f4-4051-8263-748596a7b8c9",
        data: "A1*NSign in at the branch",
        parameters: { message: "Sign in at the branch" },
        additionalData: {
          activationId: "0a1b6c2d-e3f4-4051-8263-748596a7b8c9",
          applicationId: values.application,
          ipAddress: "192.0.2.7",
          userAgent: "Authenticator/1.0",
          authFactor: "possession_knowledge",
          answer: "approve",
          direct: true,
        },
        signatureTypes: ["POSSESSION_KNOWLEDGE", "POSSESSION_BIOMETRY"],
        proximityCheck: false,
        failureCount: 0,
        maxFailureCount: 1,
        createdAt: "2026-11-27T18:31:17.777Z",
        expiresAt: "2026-11-27T18:36:17.777Z",
        finalizedAt: "2026-11-27T18:31:17.777Z",
        attempts: [],
        decisions: [
          {
            decision: "approve",
            at: "2026-11-27T18:31:17.777Z",
            userId: values.user,
            evidence: {
              kind: "approve-jws",
              factors: ["possession", "knowledge"],
              applicationId: values.application,
              activationId: "0a1b6c2d-e3f4-4051-8263-748596a7b8c9",
              protocolVersion: "approve/1",
              counter: 1,
              signedSha256: "Up3Uv_4HYWfOZQJt_e9f-pQ76m6YRiWnFMaq0GbtGAs",
              signature: "eyJhbGciOiJFUzI1NiIsInR5cCI6ImFwdi1kY3Mrand0Iiwia2lkIjoiLi4uIn0.eyJzZXEiOjF9.c2ln",
              deviceKey: {
                kty: "EC",
                crv: "P-256",
                x: "dY9It9p8DUVo3MDpo_Xw5dlugO-ZuNMYW_fxU12KcUA",
                y: "QasmA36HTH0MwRICB53ReMS0MD1iGPuEEnKiwv1Ds5s",
              },
            },
            shown: {
              sha256: "E40ZmKePdShcXOJ7JvPe0LtpGWDk2UxUdhDUSZ-n0SU",
              language: "und",
              template: "direct_signing",
              by: "device",
            },
          },
        ],
      },
    },
  },
  "GET /v1/users/:id/approvals": {
    summary: "Whether a user gets transactions at present",
    params: { id: values.suspendedUser },
    response: {
      userId: values.suspendedUser,
      suspended: true,
      cause: "report",
      suspensions: 1,
      until: "2026-11-27T18:46:17.777Z",
    },
  },
  "POST /v1/users/:id/approvals/unblock": {
    summary: "Let a user get transactions again",
    params: { id: values.suspendedUser },
    response: { userId: values.suspendedUser, suspended: false, suspensions: 0 },
  },
};
