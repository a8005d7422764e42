/** Examples of `/v1`: inbox and what goes with them. */
import type { Examples } from "../examples.ts";
import { values } from "../values.ts";

export const v1InboxExamples: Examples = {
  "POST /v1/inbox/messages": {
    summary: "Write to a user's inbox",
    body: {
      userId: values.user,
      type: "text",
      applications: [values.application],
      texts: {
        en: {
          subject: "Statement",
          summary: "It is there.",
          body: "Your statement is there.",
        },
      },
    },
    status: 201,
    response: {
      id: "01a21e8e-8c03-72ff-96c5-b835c599c258",
      userId: values.user,
      type: "text",
      texts: {
        en: {
          subject: "Statement",
          summary: "It is there.",
          body: "Your statement is there.",
        },
      },
      applications: [values.application],
      read: false,
      createdAt: "2026-11-27T19:49:48.163Z",
    },
  },
  "GET /v1/inbox/messages": {
    summary: "Messages of a user, newest first",
    query: {
      userId: values.user,
      limit: "20",
    },
    response: {
      items: [
        {
          id: values.message,
          userId: values.user,
          type: "text",
          read: false,
          texts: {
            en: {
              subject: "Statement",
              summary: "It is there.",
              body: "Your statement is there.",
            },
          },
          applications: [values.application],
          createdAt: "2026-11-27T19:49:48.165Z",
        },
      ],
    },
  },
  "DELETE /v1/inbox/messages/:id": {
    summary: "Take a message back",
    params: {
      id: values.message,
    },
    status: 204,
  },
};
