/** Examples of the private API in the form of a PowerAuth push server. */
import type { Examples } from "../examples.ts";
import { values } from "../values.ts";

export const restPushExamples: Examples = {
  "POST /push/device/create": {
    summary: "Register a device for push in its place",
    body: {
      appId: values.application,
      activationId: values.activation,
      platform: "ios",
      environment: "production",
      token: "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
    },
  },
  "POST /push/device/delete": {
    summary: "End a registration",
    body: {
      appId: values.application,
      token: values.pushToken,
    },
  },
  "DELETE /push/device/delete": {
    summary: "End a registration",
    body: {
      appId: values.application,
      token: values.pushToken,
    },
  },
  "POST /push/device/status/update": {
    summary: "Accepted and not needed: a registration follows its activation by itself",
    body: {
      activationId: values.activation,
    },
    whole: true,
    response: {
      status: "OK",
    },
  },
  "PUT /push/device/status/update": {
    summary: "Accepted and not needed: a registration follows its activation by itself",
    body: {
      activationId: values.activation,
    },
    whole: true,
    response: {
      status: "OK",
    },
  },
  "POST /push/message/send": {
    summary: "Write to the devices of a user",
    body: {
      appId: values.pushedApplication,
      mode: "ASYNCHRONOUS",
      message: {
        userId: values.user,
        priority: "HIGH",
        body: {
          title: "Balance",
          body: "Your salary has arrived.",
        },
      },
    },
    response: {
      mode: "ASYNCHRONOUS",
      apns: {
        sent: 0,
        pending: 0,
        failed: 0,
        total: 0,
      },
      fcm: {
        sent: 0,
        pending: 0,
        failed: 0,
        total: 0,
      },
      hms: {
        sent: 0,
        pending: 0,
        failed: 0,
        total: 0,
      },
      web: {
        sent: 0,
        pending: 0,
        failed: 0,
        total: 0,
      },
    },
  },
  "POST /inbox/messages": {
    summary: "Write to a user's inbox",
    body: {
      userId: values.user,
      type: "text",
      applications: [values.application],
      subject: "Statement",
      summary: "It is there.",
      body: "Your statement is there.",
    },
    response: {
      id: "01a21e8e-81ec-7484-be9f-34d10c2317df",
      userId: values.user,
      type: "text",
      applications: [values.application],
      read: false,
      subject: "Statement",
      summary: "It is there.",
      body: "Your statement is there.",
      timestampCreated: "2026-11-27T19:49:45.580+00:00",
    },
  },
  "GET /inbox/messages/list": {
    summary: "Messages of a user, newest first",
    query: {
      userId: values.user,
      applications: values.application,
      onlyUnread: "true",
      page: "0",
      size: "20",
    },
    whole: true,
    response: {
      status: "OK",
      responseObject: [
        {
          id: values.message,
          userId: values.user,
          type: "text",
          read: false,
          applications: [values.application],
          subject: "Statement",
          summary: "It is there.",
          timestampCreated: "2026-11-27T19:49:45.614+00:00",
        },
      ],
      page: 0,
      size: 20,
    },
  },
  "GET /inbox/messages/count": {
    summary: "How many a user has not read",
    query: {
      userId: values.user,
      appId: values.application,
    },
    response: {
      countUnread: 1,
    },
  },
  "GET /inbox/messages/detail": {
    summary: "One message",
    query: {
      id: values.message,
    },
    response: {
      id: values.message,
      userId: values.user,
      type: "text",
      read: false,
      applications: [values.application],
      subject: "Statement",
      summary: "It is there.",
      body: "Your statement is there.",
      timestampCreated: "2026-11-27T19:49:45.658+00:00",
    },
  },
  "POST /inbox/messages/read": {
    summary: "Mark one as read",
    body: {
      id: values.message,
    },
    response: {
      id: values.message,
      userId: values.user,
      type: "text",
      read: true,
      applications: [values.application],
      subject: "Statement",
      summary: "It is there.",
      body: "Your statement is there.",
      timestampCreated: "2026-11-27T19:49:45.673+00:00",
    },
  },
  "PUT /inbox/messages/read": {
    summary: "Mark one as read",
    body: {
      id: values.message,
    },
    response: {
      id: values.message,
      userId: values.user,
      type: "text",
      read: true,
      applications: [values.application],
      subject: "Statement",
      summary: "It is there.",
      body: "Your statement is there.",
      timestampCreated: "2026-11-27T19:49:45.704+00:00",
    },
  },
  "POST /inbox/messages/read-all": {
    summary: "Mark all of a user as read",
    body: {
      userId: values.user,
      appId: values.application,
    },
  },
  "PUT /inbox/messages/read-all": {
    summary: "Mark all of a user as read",
    body: {
      userId: values.user,
      appId: values.application,
    },
  },
};
