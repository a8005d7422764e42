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
      timestamp: "2026-11-27T19:49:48.817+00:00",
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
          applicationId: "app 30",
          applicationRoles: [],
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
      masterPublicKey: "BN/3oyahXF4qPFFM/0+Ag0LKMBkF2lmlVALcHRAf4qymBJKg2EduwJeLJjR+aUGWJSEyeOtXh+M+ifjPEqLgq48=",
      applicationRoles: ["retail"],
      versions: [
        {
          applicationVersionId: "default",
          applicationKey: "TnIX2aDioyNkUd57EnIkuw==",
          applicationSecret: "M1r0aJKHRKsCHvT5C0E+7Q==",
          mobileSdkConfig:
            "ARBOchfZoOKjI2RR3nsSciS7EDNa9GiSh0SrAh70+QtBPu0BAUEE3/ejJqFcXio8UUz/T4CDQsowGQXaWaVUAtwdEB/irKYEkqDYR27Al4smNH5pQZYlITJ461eH4z6J+M8SouCrjw==",
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
      applicationKey: "rOGXlcuvC09lqCrrbBGCWQ==",
      applicationSecret: "BZOTWVqnfqQT7ZmzXyrK8g==",
      mobileSdkConfig:
        "ARCs4ZeVy68LT2WoKutsEYJZEAWTk1lap36kE+2Zs18qyvIBAUEE3/ejJqFcXio8UUz/T4CDQsowGQXaWaVUAtwdEB/irKYEkqDYR27Al4smNH5pQZYlITJ461eH4z6J+M8SouCrjw==",
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
      id: "01a21e8e-8ec4-70f4-9dc8-57c6896c6c83",
      applicationId: values.application,
      name: values.newCallback,
      callbackUrl: "https://bank.example/countersign",
      type: "OPERATION_STATUS_CHANGE",
      attributes: ["userId", "status"],
      authentication: {},
      maxAttempts: null,
      initialBackoff: null,
      retentionPeriod: null,
      signingSecret: "whsec_o19c8fV+ZKEVSN88s2x/IKSELnYNHn5hlskJSzfrp1g=",
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
          id: "01a21e8e-8ec4-70f4-9dc8-57c6896c6c83",
          applicationId: values.application,
          name: "status of operations 146",
          callbackUrl: "https://bank.example/countersign",
          type: "OPERATION_STATUS_CHANGE",
          attributes: [],
          authentication: {},
          maxAttempts: null,
          initialBackoff: null,
          retentionPeriod: null,
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
  "POST /rest/v3/application/callback/update": {
    summary: "Change a receiver",
    body: {
      id: values.callback,
      callbackUrl: "https://bank.example/elsewhere",
    },
    response: {
      id: values.callback,
      applicationId: values.application,
      name: "callback 152",
      callbackUrl: "https://bank.example/elsewhere",
      type: "OPERATION_STATUS_CHANGE",
      attributes: [],
      authentication: {},
      maxAttempts: null,
      initialBackoff: null,
      retentionPeriod: null,
    },
  },
  "POST /rest/v3/application/callback/secret/rotate": {
    summary: "Give a receiver a new signing secret; the old one holds for a while",
    body: {
      id: values.callback,
      overlapSeconds: 3600,
    },
    response: {
      id: values.callback,
      signingSecret: "whsec_VPdjuEUL0r2/yijBT8hu5TUrsN2aESt/DobUC1dlGPg=",
    },
  },
  "POST /rest/v3/application/callback/event/list": {
    summary: "What became of the events of a receiver",
    body: {
      id: values.callback,
      state: "DEAD",
    },
    response: {
      events: [],
    },
  },
  "POST /rest/v3/application/callback/event/replay": {
    summary: "Send events again",
    body: {
      id: values.callback,
      state: "DEAD",
    },
    response: {
      replayed: 0,
    },
  },
  "POST /rest/v3/application/config/create": {
    summary: "Set a setting of an application",
    body: {
      applicationId: values.application,
      key: "activation_transfer",
      values: [
        {
          allowedTargetApplicationIds: [values.application],
          type: "SPAWN",
        },
      ],
    },
    response: {
      applicationId: values.application,
      key: "activation_transfer",
      values: [
        {
          allowedTargetApplicationIds: [values.application],
          type: "SPAWN",
        },
      ],
    },
  },
  "POST /rest/v3/application/config/detail": {
    summary: "Settings of an application",
    body: {
      applicationId: values.configuredApplication,
    },
    response: {
      applicationId: values.configuredApplication,
      applicationConfigs: [
        {
          key: "activation_transfer",
          values: [
            {
              allowedTargetApplicationIds: [values.application],
              type: "SPAWN",
            },
          ],
        },
      ],
    },
  },
  "POST /rest/v3/application/config/remove": {
    summary: "Remove a setting of an application",
    body: {
      applicationId: values.configuredApplication,
      key: "activation_transfer",
    },
  },
  "POST /rest/v3/integration/create": {
    summary: "Add an API client; its secret is shown this once",
    body: {
      name: values.newApiClient,
    },
    response: {
      id: "01a21e8e-8eec-7169-8ae7-3358a29055a4",
      name: values.newApiClient,
      clientToken: "01a21e8e-8eec-7169-8ae7-3358a29055a4",
      clientSecret: "GRl8HfCyiNyKnGxlnaiS-DlLp8wzoEgFT2biroU8NlU",
    },
  },
  "POST /rest/v3/integration/list": {
    summary: "All API clients, without their secrets",
    response: {
      restrictedAccess: true,
      items: [
        {
          id: "01a21e8e-7d72-7784-bd5c-d0db2e89e5e2",
          name: "bootstrap",
          clientToken: "01a21e8e-7d72-7784-bd5c-d0db2e89e5e2",
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
