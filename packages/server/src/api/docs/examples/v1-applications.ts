/** Examples of `/v1`: applications and what goes with them. */
import type { Examples } from "../examples.ts";
import { values } from "../values.ts";

export const v1ApplicationExamples: Examples = {
  "POST /v1/applications": {
    summary: "Add an application with a first version",
    body: {
      id: values.newApplication,
      minVersion: "3.2",
      roles: ["business"],
    },
    status: 201,
    response: {
      id: values.newApplication,
      roles: ["business"],
      masterPublicKey: "BMoc7HMAJ7+D9CaRpstl38roIgsZh62UY/1SMbZl668/nhEZFiR2G/08dNRGv6CzyHsujLnv+vGSFsL+AWyQv24=",
      minVersion: "3.2",
      createdAt: "2026-11-27T19:13:22.964Z",
      versions: [
        {
          id: "default",
          applicationKey: "sfqqytTsMZAMDhPIp71Oww==",
          applicationSecret: "oeJS5DR3RjrtYr3/Qo26/g==",
          sdkConfiguration:
            "ARCx+qrK1OwxkAwOE8invU7DEKHiUuQ0d0Y67WK9/0KNuv4BAUEEyhzscwAnv4P0JpGmy2XfyugiCxmHrZRj/VIxtmXrrz+eERkWJHYb/Tx01Ea/oLPIey6Mue/68ZIWwv4BbJC/bg==",
          supported: true,
        },
      ],
    },
  },
  "GET /v1/applications": {
    summary: "Applications that the client may use",
    response: {
      items: [
        {
          id: values.application,
          roles: [],
        },
      ],
    },
  },
  "GET /v1/applications/:id": {
    summary: "One application with its versions",
    params: {
      id: values.application,
    },
    response: {
      id: values.application,
      roles: [],
      masterPublicKey: "BMBCUkvpA8ZoybkGSZAAf1D4RppVVs0eQTV/ZtPmea9WNQr41KqTLt0XzMYYqWrkYEvu7lnWCL8Rc+zYcYJg/WI=",
      minVersion: "3.1",
      createdAt: "2026-11-27T19:13:22.261Z",
      versions: [
        {
          id: "default",
          applicationKey: "hDRODjuScPfcL3wxcjfTrQ==",
          applicationSecret: "kSLIR+9crbEDIAZnh2NFmQ==",
          sdkConfiguration:
            "ARCENE4OO5Jw99wvfDFyN9OtEJEiyEfvXK2xAyAGZ4djRZkBAUEEwEJSS+kDxmjJuQZJkAB/UPhGmlVWzR5BNX9m0+Z5r1Y1CvjUqpMu3RfMxhipauRgS+7uWdYIvxFz7NhxgmD9Yg==",
          supported: true,
        },
      ],
    },
  },
  "PUT /v1/applications/:id/roles": {
    summary: "Replace the roles",
    params: {
      id: values.application,
    },
    body: {
      roles: ["retail"],
    },
    response: {
      roles: ["retail"],
    },
  },
  "POST /v1/applications/:id/versions": {
    summary: "Add a version with a key and a secret of its own",
    params: {
      id: values.application,
    },
    body: {
      id: "2026-12",
    },
    status: 201,
    response: {
      id: "2026-12",
      applicationKey: "5WD4nrjiezAfnApVi19QHQ==",
      applicationSecret: "m4q/XFzpWQ7xaB1HQHwlHw==",
      sdkConfiguration:
        "ARDlYPieuOJ7MB+cClWLX1AdEJuKv1xc6VkO8WgdR0B8JR8BAUEEwEJSS+kDxmjJuQZJkAB/UPhGmlVWzR5BNX9m0+Z5r1Y1CvjUqpMu3RfMxhipauRgS+7uWdYIvxFz7NhxgmD9Yg==",
      supported: true,
    },
  },
  "POST /v1/applications/:id/versions/:versionId/unsupport": {
    summary: "Switch a version off: its builds are refused",
    params: {
      id: values.application,
      versionId: values.applicationVersion,
    },
    response: {
      id: values.applicationVersion,
      applicationKey: "Re/6OrDx1xBBoi+p0BBB3g==",
      applicationSecret: "csY9cqC+5dafe+ImA3sIiA==",
      sdkConfiguration:
        "ARBF7/o6sPHXEEGiL6nQEEHeEHLGPXKgvuXWn3viJgN7CIgBAUEEwEJSS+kDxmjJuQZJkAB/UPhGmlVWzR5BNX9m0+Z5r1Y1CvjUqpMu3RfMxhipauRgS+7uWdYIvxFz7NhxgmD9Yg==",
      supported: false,
    },
  },
  "POST /v1/applications/:id/versions/:versionId/support": {
    summary: "Switch a version on again",
    params: {
      id: values.application,
      versionId: values.applicationVersion,
    },
    response: {
      id: values.applicationVersion,
      applicationKey: "N41lmPlltU2i2cO9Zto8Xw==",
      applicationSecret: "AzPUuZ1uRP3tQoMLy3FEvg==",
      sdkConfiguration:
        "ARA3jWWY+WW1TaLZw71m2jxfEAMz1LmdbkT97UKDC8txRL4BAUEEwEJSS+kDxmjJuQZJkAB/UPhGmlVWzR5BNX9m0+Z5r1Y1CvjUqpMu3RfMxhipauRgS+7uWdYIvxFz7NhxgmD9Yg==",
      supported: true,
    },
  },
  "POST /v1/api-clients": {
    summary: "Add an API client; its secret is shown this once",
    body: {
      name: values.newApiClient,
      permissions: ["relying-party"],
      applications: [values.application],
    },
    status: 201,
    response: {
      clientId: "01a21e6d-345c-75c3-b755-f541c4e3e00d",
      clientSecret: "g3lYVLgklIyDJGuBzfGWp61edfHWME3FH8RGe2pKXYI",
      name: values.newApiClient,
    },
  },
  "GET /v1/api-clients": {
    summary: "All API clients, without their secrets",
    response: {
      items: [
        {
          id: "01a21e6d-30e0-7ce5-aa86-5ae20d5fe46b",
          name: "bootstrap",
          permissions: ["admin"],
          createdAt: "2026-11-27T19:13:22.202Z",
        },
      ],
    },
  },
  "DELETE /v1/api-clients/:id": {
    summary: "End an API client's access",
    params: {
      id: values.apiClient,
    },
    status: 204,
  },
};
