/** Examples of `/v1`: activations and what goes with them. */
import type { Examples } from "../examples.ts";
import { values } from "../values.ts";

export const v1ActivationExamples: Examples = {
  "POST /v1/activations": {
    summary: "Prepare a device's activation and get its code",
    body: {
      applicationId: values.application,
      userId: values.user,
      flags: ["NEW"],
    },
    status: 201,
    response: {
      id: "86d88846-eb78-4e5c-8cfa-acb166fb1c8e",
      activationCode: "XPBZY-KK7JY-GVPZ7-ETIPQ",
      activationSignature:
        "MEUCIQC3kqFU/eXTSRWyoCkR7VzBr6ODmdrHhnT0S+FGHurRvgIgG3ae/TuKzoaGt7QZtbhE/Dd3S3ckc+AGQxgYTuG6MIA=",
      userId: values.user,
      applicationId: values.application,
    },
  },
  "GET /v1/activations": {
    summary: "Activations, newest first",
    query: {
      userId: values.user,
      status: "ACTIVE",
    },
    response: {
      items: [
        {
          id: values.activation,
          status: "ACTIVE",
          userId: values.user,
          applicationId: values.application,
          name: "test device",
          platform: "ios",
          deviceInfo: "iPhone12,3",
          flags: [],
          failedAttempts: 0,
          maxFailedAttempts: 5,
          createdAt: "2026-11-27T18:31:18.661Z",
          changedAt: "2026-11-27T18:31:18.702Z",
          lastUsedAt: "2026-11-27T18:31:18.661Z",
        },
      ],
    },
  },
  "GET /v1/activations/:id": {
    summary: "One activation as it stands",
    params: {
      id: values.activation,
    },
    response: {
      id: values.activation,
      status: "ACTIVE",
      userId: values.user,
      applicationId: values.application,
      name: "test device",
      platform: "ios",
      deviceInfo: "iPhone12,3",
      flags: [],
      failedAttempts: 0,
      maxFailedAttempts: 5,
      createdAt: "2026-11-27T18:31:18.904Z",
      changedAt: "2026-11-27T18:31:18.989Z",
      lastUsedAt: "2026-11-27T18:31:18.904Z",
      commitPhase: "ON_COMMIT",
      fingerprint: "42561210",
    },
  },
  "GET /v1/activations/:id/history": {
    summary: "States and names it had, oldest first",
    params: {
      id: values.activation,
    },
    query: {
      from: "2026-01-01T00:00:00Z",
    },
    response: {
      items: [
        {
          id: "01a21e46-b0e2-76ee-8261-8a00d874ee14",
          status: "CREATED",
          at: "2026-11-27T18:31:19.010Z",
        },
      ],
    },
  },
  "POST /v1/activations/:id/commit": {
    summary: "Let a device that has used its code begin to work",
    params: {
      id: values.waitingActivation,
    },
    body: {
      by: "clerk 7",
    },
    response: {
      id: values.waitingActivation,
      status: "ACTIVE",
      userId: values.user,
      applicationId: values.application,
      name: "Anna's phone",
      platform: "ios",
      deviceInfo: "iPhone12,3",
      flags: [],
      failedAttempts: 0,
      maxFailedAttempts: 5,
      createdAt: "2026-11-27T18:31:19.064Z",
      changedAt: "2026-11-27T18:31:19.101Z",
      lastUsedAt: "2026-11-27T18:31:19.064Z",
      commitPhase: "ON_COMMIT",
      fingerprint: "72972495",
    },
  },
  "POST /v1/activations/:id/block": {
    summary: "Stop a device for now",
    params: {
      id: values.activation,
    },
    body: {
      reason: "LOST",
      by: "clerk 7",
    },
    response: {
      id: values.activation,
      status: "BLOCKED",
      blockedReason: "LOST",
      userId: values.user,
      applicationId: values.application,
      name: "test device",
      platform: "ios",
      deviceInfo: "iPhone12,3",
      flags: [],
      failedAttempts: 0,
      maxFailedAttempts: 5,
      createdAt: "2026-11-27T18:31:19.114Z",
      changedAt: "2026-11-27T18:31:19.148Z",
      lastUsedAt: "2026-11-27T18:31:19.114Z",
      commitPhase: "ON_COMMIT",
      fingerprint: "65899975",
    },
  },
  "POST /v1/activations/:id/unblock": {
    summary: "Let a blocked device work again",
    params: {
      id: values.blockedActivation,
    },
    body: {
      by: "clerk 7",
    },
    response: {
      id: values.blockedActivation,
      status: "ACTIVE",
      userId: values.user,
      applicationId: values.application,
      name: "test device",
      platform: "ios",
      deviceInfo: "iPhone12,3",
      flags: [],
      failedAttempts: 0,
      maxFailedAttempts: 5,
      createdAt: "2026-11-27T18:31:19.158Z",
      changedAt: "2026-11-27T18:31:19.207Z",
      lastUsedAt: "2026-11-27T18:31:19.158Z",
      commitPhase: "ON_COMMIT",
      fingerprint: "26249620",
    },
  },
  "DELETE /v1/activations/:id": {
    summary: "End an activation for good",
    params: {
      id: values.activation,
    },
    status: 204,
  },
  "PUT /v1/activations/:id/name": {
    summary: "Give it another name",
    params: {
      id: values.activation,
    },
    body: {
      name: "Anna's tablet",
    },
    response: {
      id: values.activation,
      status: "ACTIVE",
      userId: values.user,
      applicationId: values.application,
      name: "Anna's tablet",
      platform: "ios",
      deviceInfo: "iPhone12,3",
      flags: [],
      failedAttempts: 0,
      maxFailedAttempts: 5,
      createdAt: "2026-11-27T18:31:19.338Z",
      changedAt: "2026-11-27T18:31:19.389Z",
      lastUsedAt: "2026-11-27T18:31:19.338Z",
      commitPhase: "ON_COMMIT",
      fingerprint: "10998562",
    },
  },
  "PUT /v1/activations/:id/flags": {
    summary: "Replace its flags",
    params: {
      id: values.activation,
    },
    body: {
      flags: ["GOLD"],
    },
    response: {
      id: values.activation,
      status: "ACTIVE",
      userId: values.user,
      applicationId: values.application,
      name: "test device",
      platform: "ios",
      deviceInfo: "iPhone12,3",
      flags: ["GOLD"],
      failedAttempts: 0,
      maxFailedAttempts: 5,
      createdAt: "2026-11-27T18:31:19.408Z",
      changedAt: "2026-11-27T18:31:19.466Z",
      lastUsedAt: "2026-11-27T18:31:19.408Z",
      commitPhase: "ON_COMMIT",
      fingerprint: "89723437",
    },
  },
};
