/** Examples of `/v1`: what operators look at. */
import type { Examples } from "../../examples.ts";
import { values } from "../../values.ts";

export const v1OverviewExamples: Examples = {
  "GET /v1/live": { summary: "Live updates as server-sent events", stream: true },
  "GET /v1/users": {
    summary: "Users by their devices",
    query: { prefix: values.user, limit: "20" },
    response: {
      items: [
        {
          id: values.user,
          activeDevices: 2,
          blockedDevices: 0,
          otherDevices: 1,
          lastUsedAt: "2026-11-27T19:49:44.511Z",
        },
      ],
    },
  },
  "GET /v1/statistics": {
    summary: "Operations over time, how long decisions take, and what goes wrong",
    query: {
      from: "2026-11-01T00:00:00Z",
      to: "2026-11-02T00:00:00Z",
      step: "hour",
      applicationId: values.application,
    },
    response: {
      steps: [],
      latency: [
        { upToSeconds: 5, count: 0 },
        { upToSeconds: 15, count: 0 },
        { upToSeconds: 30, count: 0 },
        { upToSeconds: 60, count: 0 },
        { upToSeconds: 120, count: 0 },
        { upToSeconds: 300, count: 0 },
        { count: 0 },
      ],
      failures: [],
      pending: 0,
    },
  },
  "GET /v1/callbacks": {
    summary: "Callbacks in PowerAuth form",
    response: {
      items: [
        {
          id: values.callback,
          applicationId: values.application,
          name: "callback 70",
          url: "https://bank.example/countersign",
          enabled: true,
          createdAt: "2026-11-27T19:49:48.095Z",
          type: "OPERATION_STATUS_CHANGE",
        },
      ],
    },
  },
  "GET /v1/callbacks/:id/deliveries": {
    summary: "What became of its events, newest first",
    params: { id: values.callback },
    query: { state: "DEAD", limit: "20" },
    response: { items: [] },
  },
  "POST /v1/callbacks/:id/replay": {
    summary: "Send events again",
    body: { state: "DEAD" },
    params: { id: values.callback },
    response: { replayed: 0 },
  },
};
