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
      timestamp: "2026-11-27T18:31:19.478+00:00",
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
      masterPublicKey: "BMgXxurc+piFMzsUf67b0gE0/J0k07MqppIowsdzhK8Tc6TTWDOV5ZPbt0Nqp82WcsP46GCG9zDf5+3IMgr+710=",
      applicationRoles: ["retail"],
      versions: [
        {
          applicationVersionId: "default",
          applicationKey: "Q6wD2AyRj6AS8CpYfpornQ==",
          applicationSecret: "nqfQHDff3tWX7HYEymCzsw==",
          mobileSdkConfig:
            "ARBDrAPYDJGPoBLwKlh+miudEJ6n0Bw3397Vl+x2BMpgs7MBAUEEyBfG6tz6mIUzOxR/rtvSATT8nSTTsyqmkijCx3OErxNzpNNYM5Xlk9u3Q2qnzZZyw/joYIb3MN/n7cgyCv7vXQ==",
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
      applicationKey: "JvuWjUGVBXbB7oqsM/QUyw==",
      applicationSecret: "PJTE8OD6EnlZgEJA3RE/eA==",
      mobileSdkConfig:
        "ARAm+5aNQZUFdsHuiqwz9BTLEDyUxPDg+hJ5WYBCQN0RP3gBAUEEyBfG6tz6mIUzOxR/rtvSATT8nSTTsyqmkijCx3OErxNzpNNYM5Xlk9u3Q2qnzZZyw/joYIb3MN/n7cgyCv7vXQ==",
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
      id: "01a21e46-b2e9-7f97-a5fc-018dfc788d0c",
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
          id: "01a21e46-b2e9-7f97-a5fc-018dfc788d0c",
          applicationId: values.application,
          name: "status of operations 62",
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
      id: "01a21e46-b2fb-75ab-a8c2-b55de4e5eaa2",
      name: values.newApiClient,
      clientToken: "01a21e46-b2fb-75ab-a8c2-b55de4e5eaa2",
      clientSecret: "F2Y4iU9u-u1vC1vWoOHwKkrDj72kQGL2IxEMIV2gxNU",
    },
  },
  "POST /rest/v3/integration/list": {
    summary: "All API clients, without their secrets",
    response: {
      items: [
        {
          id: "01a21e46-aab8-7a81-9588-5ae62c0b516f",
          name: "bootstrap",
          clientToken: "01a21e46-aab8-7a81-9588-5ae62c0b516f",
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
