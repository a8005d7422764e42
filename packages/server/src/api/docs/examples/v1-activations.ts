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
      id: "e9240e44-4a73-4795-adae-6f859af2a86f",
      activationCode: "Q77RS-G5BSG-QMECT-VWY4Q",
      activationSignature:
        "MEYCIQDD7epBmP76JlbueH7TJlE+wX/POspb4//KCjHixsi8WQIhAKohTAtGwb5WYk3IJ50DH6jzpLsvYUSJVxcq9Vxeg0+U",
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
          createdAt: "2026-11-27T19:49:48.293Z",
          changedAt: "2026-11-27T19:49:48.350Z",
          lastUsedAt: "2026-11-27T19:49:48.293Z",
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
      createdAt: "2026-11-27T19:49:48.407Z",
      changedAt: "2026-11-27T19:49:48.459Z",
      lastUsedAt: "2026-11-27T19:49:48.407Z",
      commitPhase: "ON_COMMIT",
      fingerprint: "53620933",
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
          id: "01a21e8e-8d33-7b2a-b6a3-ebf58f72b41e",
          status: "CREATED",
          at: "2026-11-27T19:49:48.467Z",
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
      createdAt: "2026-11-27T19:49:48.513Z",
      changedAt: "2026-11-27T19:49:48.538Z",
      lastUsedAt: "2026-11-27T19:49:48.513Z",
      commitPhase: "ON_COMMIT",
      fingerprint: "83719018",
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
      createdAt: "2026-11-27T19:49:48.549Z",
      changedAt: "2026-11-27T19:49:48.637Z",
      lastUsedAt: "2026-11-27T19:49:48.549Z",
      commitPhase: "ON_COMMIT",
      fingerprint: "14928445",
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
      createdAt: "2026-11-27T19:49:48.651Z",
      changedAt: "2026-11-27T19:49:48.710Z",
      lastUsedAt: "2026-11-27T19:49:48.651Z",
      commitPhase: "ON_COMMIT",
      fingerprint: "91019745",
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
      createdAt: "2026-11-27T19:49:48.744Z",
      changedAt: "2026-11-27T19:49:48.768Z",
      lastUsedAt: "2026-11-27T19:49:48.744Z",
      commitPhase: "ON_COMMIT",
      fingerprint: "44986717",
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
      createdAt: "2026-11-27T19:49:48.776Z",
      changedAt: "2026-11-27T19:49:48.811Z",
      lastUsedAt: "2026-11-27T19:49:48.776Z",
      commitPhase: "ON_COMMIT",
      fingerprint: "16762700",
    },
  },
};
