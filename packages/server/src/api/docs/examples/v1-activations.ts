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
      id: "700c03e6-3feb-48a6-a301-d66d4daa3701",
      activationCode: "WF2Z5-JKXL7-WRPSI-BXD5A",
      activationSignature:
        "MEQCIHsxtocfFcIbfitOVd4sp9BEioxEEHI85sJ5RxPKmFt1AiBL4s0czrBBBH7GYk/yhk+CcV7pbn/UhSbZZ2/tTkdojQ==",
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
          createdAt: "2026-11-27T19:13:23.066Z",
          changedAt: "2026-11-27T19:13:23.086Z",
          lastUsedAt: "2026-11-27T19:13:23.066Z",
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
      createdAt: "2026-11-27T19:13:23.101Z",
      changedAt: "2026-11-27T19:13:23.170Z",
      lastUsedAt: "2026-11-27T19:13:23.101Z",
      commitPhase: "ON_COMMIT",
      fingerprint: "66532992",
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
          id: "01a21e6d-34ef-758a-a52a-af25e5cba9a2",
          status: "CREATED",
          at: "2026-11-27T19:13:23.183Z",
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
      createdAt: "2026-11-27T19:13:23.235Z",
      changedAt: "2026-11-27T19:13:23.266Z",
      lastUsedAt: "2026-11-27T19:13:23.235Z",
      commitPhase: "ON_COMMIT",
      fingerprint: "68894185",
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
      createdAt: "2026-11-27T19:13:23.273Z",
      changedAt: "2026-11-27T19:13:23.296Z",
      lastUsedAt: "2026-11-27T19:13:23.273Z",
      commitPhase: "ON_COMMIT",
      fingerprint: "85611973",
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
      createdAt: "2026-11-27T19:13:23.302Z",
      changedAt: "2026-11-27T19:13:23.335Z",
      lastUsedAt: "2026-11-27T19:13:23.302Z",
      commitPhase: "ON_COMMIT",
      fingerprint: "41532683",
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
      createdAt: "2026-11-27T19:13:23.395Z",
      changedAt: "2026-11-27T19:13:23.448Z",
      lastUsedAt: "2026-11-27T19:13:23.395Z",
      commitPhase: "ON_COMMIT",
      fingerprint: "27710803",
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
      createdAt: "2026-11-27T19:13:23.454Z",
      changedAt: "2026-11-27T19:13:23.473Z",
      lastUsedAt: "2026-11-27T19:13:23.454Z",
      commitPhase: "ON_COMMIT",
      fingerprint: "38514839",
    },
  },
};
