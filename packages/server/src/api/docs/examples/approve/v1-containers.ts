/** Examples of `/v1`: containers and their one-time passwords. */
import type { Examples } from "../../examples.ts";
import { values } from "../../values.ts";
import { v1ApproveExamples } from "./v1-approve.ts";

const { policies } = (v1ApproveExamples["GET /v1/device-types/:id"]?.response ?? {}) as { readonly policies: object };

const listed = {
  userId: values.user,
  applicationId: values.application,
  name: "Phone",
  platform: "node",
  failedAttempts: 0,
  createdAt: "2026-11-27T19:13:22.932Z",
  lastUsedAt: "2026-11-27T19:13:22.932Z",
};

const key = (use: string, kid: string, policy: string, expiresAt: string) => ({
  use,
  kid,
  jwk: {
    kty: "EC",
    crv: "P-256",
    x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
  },
  policy,
  state: "ACTIVE",
  createdAt: "2026-11-27T19:13:22.932Z",
  expiresAt,
});

const shown = {
  ...listed,
  deviceType: values.deviceType,
  device: { platform: "node", osVersion: "24.0", hardwareKeys: false, name: "Phone" },
  policies,
  keys: [
    key("auth", "5yRk0n2Zr1u6wF8QXb3HLg", "password", "2027-11-27T19:13:22.932Z"),
    key("enc", "9mPq3tVx7bC2dE5fG8hJkA", "device", "2027-12-27T19:13:22.932Z"),
    key("pop", "Qw3rTy6uIo9pAs2dFg5hJg", "device", "2027-12-27T19:13:22.932Z"),
    key("tx", "Zx8cVb1nMq4wEr7tYu0iOg", "password", "2027-11-27T19:13:22.932Z"),
  ],
  lastSequence: 0,
  renewBefore: "2027-11-27T19:13:22.932Z",
};

export const v1ContainerExamples: Examples = {
  "GET /v1/offers": {
    summary: "Offers to a user, newest first",
    query: { userId: values.user },
    response: {
      items: [
        {
          id: values.offer,
          state: "open",
          userId: values.user,
          deviceType: values.deviceType,
          createdAt: "2026-11-27T19:13:22.932Z",
          expiresAt: "2026-11-27T19:23:22.932Z",
        },
      ],
    },
  },
  "GET /v1/containers": {
    summary: "Containers by user, application and status, newest first",
    query: { userId: values.user, limit: "10" },
    response: { items: [{ id: values.container, status: "ACTIVE", ...listed }] },
  },
  "GET /v1/containers/:id": {
    summary: "One container with its keys and policies",
    params: { id: values.container },
    response: { id: values.container, status: "ACTIVE", ...shown },
  },
  "POST /v1/containers/:id/block": {
    summary: "Block a container",
    params: { id: values.container },
    body: { reason: "LOST", by: "help desk" },
    response: { id: values.container, status: "BLOCKED", blockedReason: "LOST", ...shown },
  },
  "POST /v1/containers/:id/unblock": {
    summary: "Unblock a container; all tries are given back",
    params: { id: values.blockedContainer },
    body: { by: "help desk" },
    response: { id: values.blockedContainer, status: "ACTIVE", ...shown },
  },
  "DELETE /v1/containers/:id": {
    summary: "Remove a container for good",
    params: { id: values.container },
    body: { reason: "LOST", by: "help desk" },
    status: 204,
  },
  "POST /v1/otp/validate": {
    summary: "Validate a one-time password",
    body: { containerId: values.container, label: "event", otp: "755224" },
    response: { containerId: values.container },
  },
  "POST /v1/otp/challenge": {
    summary: "Draw a challenge for OCRA; it is answered once, within five minutes",
    body: { containerId: values.container, label: "question", clientChallenge: "12345678" },
    status: 201,
    response: { challenge: "58203941", serverResponse: "237653", expiresAt: "2026-11-27T19:18:22.932Z" },
  },
};
