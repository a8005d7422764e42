/** Examples of `/rest/v3`: applications and what goes with them. */
import type { Examples } from "../examples.ts";
import { values } from "../values.ts";

export const restApplicationExamples: Examples = {
  "POST /rest/v3/status": {
    summary: "What this server is",
    response: {
      status: "OK",
      applicationName: "countersign",
      applicationDisplayName: "Countersign",
      applicationEnvironment: "",
      version: "0.1.0",
      buildTime: null,
      timestamp: "2026-11-27T19:13:23.478+00:00",
    },
  },
  "POST /rest/v3/error/list": {
    summary: "Codes it answers with",
    body: {
      language: "en",
    },
    response: {
      errors: [
        {
          code: "ERR0024",
          value: "The request is not valid.",
        },
      ],
    },
  },
  "POST /rest/v3/application/list": {
    summary: "Applications that the client may use",
    response: {
      applications: [
        {
          applicationId: values.application,
          applicationRoles: ["retail"],
        },
      ],
    },
  },
  "POST /rest/v3/application/create": {
    summary: "Add an application with a first version",
    body: {
      applicationId: values.newApplication,
    },
    response: {
      applicationId: values.newApplication,
      applicationRoles: [],
    },
  },
  "POST /rest/v3/application/detail": {
    summary: "One application with its versions",
    body: {
      applicationId: values.application,
    },
    response: {
      applicationId: values.application,
      masterPublicKey: "BMBCUkvpA8ZoybkGSZAAf1D4RppVVs0eQTV/ZtPmea9WNQr41KqTLt0XzMYYqWrkYEvu7lnWCL8Rc+zYcYJg/WI=",
      applicationRoles: ["retail"],
      versions: [
        {
          applicationVersionId: "default",
          applicationKey: "hDRODjuScPfcL3wxcjfTrQ==",
          applicationSecret: "kSLIR+9crbEDIAZnh2NFmQ==",
          mobileSdkConfig:
            "ARCENE4OO5Jw99wvfDFyN9OtEJEiyEfvXK2xAyAGZ4djRZkBAUEEwEJSS+kDxmjJuQZJkAB/UPhGmlVWzR5BNX9m0+Z5r1Y1CvjUqpMu3RfMxhipauRgS+7uWdYIvxFz7NhxgmD9Yg==",
          supported: true,
        },
      ],
    },
  },
  "POST /rest/v3/application/detail/version": {
    summary: "The application a key belongs to",
    body: {
      applicationKey: values.applicationKey,
    },
    response: {
      applicationId: values.application,
    },
  },
  "POST /rest/v3/application/version/create": {
    summary: "Add a version with a key and a secret of its own",
    body: {
      applicationId: values.application,
      applicationVersionId: "2027-01",
    },
    response: {
      applicationVersionId: "2027-01",
      applicationKey: "5w6FGl2YTxiqwV2gtDGgJQ==",
      applicationSecret: "ymumbsBa+4rcVBhuljJe6g==",
      mobileSdkConfig:
        "ARDnDoUaXZhPGKrBXaC0MaAlEMprpm7AWvuK3FQYbpYyXuoBAUEEwEJSS+kDxmjJuQZJkAB/UPhGmlVWzR5BNX9m0+Z5r1Y1CvjUqpMu3RfMxhipauRgS+7uWdYIvxFz7NhxgmD9Yg==",
      supported: true,
    },
  },
  "POST /rest/v3/application/version/unsupport": {
    summary: "Switch a version off: its builds are refused",
    body: {
      applicationId: values.application,
      applicationVersionId: values.applicationVersion,
    },
    response: {
      applicationVersionId: values.applicationVersion,
      supported: false,
    },
  },
  "POST /rest/v3/application/version/support": {
    summary: "Switch a version on again",
    body: {
      applicationId: values.application,
      applicationVersionId: values.applicationVersion,
    },
    response: {
      applicationVersionId: values.applicationVersion,
      supported: true,
    },
  },
  "POST /rest/v3/application/roles/list": {
    summary: "Roles of an application",
    body: {
      applicationId: values.application,
    },
    response: {
      applicationRoles: ["retail"],
    },
  },
  "POST /rest/v3/application/roles/create": {
    summary: "Add roles",
    body: {
      applicationId: values.application,
      applicationRoles: ["retail"],
    },
    response: {
      applicationId: values.application,
      applicationRoles: ["retail"],
    },
  },
  "POST /rest/v3/application/roles/update": {
    summary: "Replace the roles",
    body: {
      applicationId: values.application,
      applicationRoles: ["retail"],
    },
    response: {
      applicationId: values.application,
      applicationRoles: ["retail"],
    },
  },
  "POST /rest/v3/application/roles/remove": {
    summary: "Take roles away",
    body: {
      applicationId: values.application,
      applicationRoles: ["business"],
    },
    response: {
      applicationId: values.application,
      applicationRoles: ["retail"],
    },
  },
  "POST /rest/v3/application/callback/create": {
    summary: "Add a receiver of status changes",
    body: {
      applicationId: values.application,
      name: values.newCallback,
      callbackUrl: "https://bank.example/countersign",
      type: "OPERATION_STATUS_CHANGE",
      attributes: ["userId", "status"],
    },
    response: {
      id: "01a21e6d-363d-7ce3-8bad-c5af8c74c9d1",
      applicationId: values.application,
      name: values.newCallback,
      callbackUrl: "https://bank.example/countersign",
      type: "OPERATION_STATUS_CHANGE",
      attributes: ["userId", "status"],
    },
  },
  "POST /rest/v3/application/callback/list": {
    summary: "Receivers of an application",
    body: {
      applicationId: values.application,
    },
    response: {
      callbackUrlList: [
        {
          id: "01a21e6d-363d-7ce3-8bad-c5af8c74c9d1",
          applicationId: values.application,
          name: "status of operations 82",
          callbackUrl: "https://bank.example/countersign",
          type: "OPERATION_STATUS_CHANGE",
          attributes: ["userId", "status"],
        },
      ],
    },
  },
  "POST /rest/v3/application/callback/remove": {
    summary: "Remove a receiver",
    body: {
      id: values.callback,
    },
    response: {
      id: values.callback,
      removed: true,
    },
  },
  "POST /rest/v3/integration/create": {
    summary: "Add an API client; its secret is shown this once",
    body: {
      name: values.newApiClient,
    },
    response: {
      id: "01a21e6d-364d-7023-9b7f-863ce5ff11da",
      name: values.newApiClient,
      clientToken: "01a21e6d-364d-7023-9b7f-863ce5ff11da",
      clientSecret: "jqcufvFHlGO-qLWCnaxwbwvLQrndISemduKnx-UNDzk",
    },
  },
  "POST /rest/v3/integration/list": {
    summary: "All API clients, without their secrets",
    response: {
      items: [
        {
          id: "01a21e6d-30e0-7ce5-aa86-5ae20d5fe46b",
          name: "bootstrap",
          clientToken: "01a21e6d-30e0-7ce5-aa86-5ae20d5fe46b",
          permissions: ["admin"],
          applications: null,
        },
      ],
    },
  },
  "POST /rest/v3/integration/remove": {
    summary: "End an API client's access",
    body: {
      id: values.apiClient,
    },
    response: {
      id: values.apiClient,
      removed: true,
    },
  },
};
