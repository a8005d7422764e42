/** Examples of `/v1`: webhooks and what goes with them. */
import type { Examples } from "../examples.ts";
import { values } from "../values.ts";

export const v1WebhookExamples: Examples = {
  "POST /v1/webhooks": {
    summary: "Tell an address what happens to an application's operations and activations",
    body: {
      applicationId: values.application,
      name: values.newWebhook,
      url: "https://shop.example/countersign",
    },
    status: 201,
    response: {
      id: "01a21e8e-8bb0-7e6a-ab13-7c06a4375d6f",
      applicationId: values.application,
      name: values.newWebhook,
      url: "https://shop.example/countersign",
      enabled: true,
      createdAt: "2026-11-27T19:49:48.080Z",
      signingSecret: "whsec_FSTrripXT0Z1bZWRi43jmtaQHEpgIlJCOFUCOdcBMac=",
    },
  },
  "GET /v1/webhooks": {
    summary: "Webhooks of the applications that the client may use",
    response: {
      items: [
        {
          id: "01a21e8e-8bb0-7e6a-ab13-7c06a4375d6f",
          applicationId: values.application,
          name: "shop 66",
          url: "https://shop.example/countersign",
          enabled: true,
          createdAt: "2026-11-27T19:49:48.080Z",
        },
      ],
    },
  },
  "GET /v1/webhooks/:id": {
    summary: "One webhook",
    params: {
      id: values.webhook,
    },
    response: {
      id: values.webhook,
      applicationId: values.application,
      name: "shop 70",
      url: "https://shop.example/countersign",
      enabled: true,
      createdAt: "2026-11-27T19:49:48.095Z",
    },
  },
  "PATCH /v1/webhooks/:id": {
    summary: "Change a webhook, or switch it off",
    body: {
      enabled: false,
    },
    params: {
      id: values.webhook,
    },
    response: {
      id: values.webhook,
      applicationId: values.application,
      name: "shop 72",
      url: "https://shop.example/countersign",
      enabled: false,
      createdAt: "2026-11-27T19:49:48.133Z",
    },
  },
  "DELETE /v1/webhooks/:id": {
    summary: "Remove a webhook with what waits for it",
    params: {
      id: values.webhook,
    },
    status: 204,
  },
  "POST /v1/webhooks/:id/rotate-secret": {
    summary: "Give it a new signing secret; the old one holds for a while",
    body: {
      overlapSeconds: 3600,
    },
    params: {
      id: values.webhook,
    },
    response: {
      id: values.webhook,
      applicationId: values.application,
      name: "shop 76",
      url: "https://shop.example/countersign",
      enabled: true,
      createdAt: "2026-11-27T19:49:48.145Z",
      signingSecret: "whsec_d+ieLtShCO2fx2zXF5rgS7xIm1enooLn25hrYDqe5pY=",
    },
  },
  "GET /v1/webhooks/:id/deliveries": {
    summary: "What became of its events, newest first",
    params: {
      id: values.webhook,
    },
    query: {
      state: "DEAD",
      limit: "20",
    },
    response: {
      items: [],
    },
  },
  "POST /v1/webhooks/:id/replay": {
    summary: "Send events again",
    body: {
      state: "DEAD",
    },
    params: {
      id: values.webhook,
    },
    response: {
      replayed: 0,
    },
  },
};
