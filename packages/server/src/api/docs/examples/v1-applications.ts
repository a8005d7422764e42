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
      masterPublicKey: "BOgls5gzme+1u1Ebr8I9MymlRTjtT4nVSg3dZMNgveBDnsS35Ki62JvcCLfd2VgjvgCLPG8a9WzGD6SmjZze0LQ=",
      minVersion: "3.2",
      createdAt: "2026-11-27T19:49:48.242Z",
      versions: [
        {
          id: "default",
          applicationKey: "WFOB4E6UT+/s2i521ghAOg==",
          applicationSecret: "aIfw8wkdQ1zmyAU0c95iDw==",
          sdkConfiguration:
            "ARBYU4HgTpRP7+zaLnbWCEA6EGiH8PMJHUNc5sgFNHPeYg8BAUEE6CWzmDOZ77W7URuvwj0zKaVFOO1PidVKDd1kw2C94EOexLfkqLrYm9wIt93ZWCO+AIs8bxr1bMYPpKaNnN7QtA==",
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
          id: "app 30",
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
      masterPublicKey: "BN/3oyahXF4qPFFM/0+Ag0LKMBkF2lmlVALcHRAf4qymBJKg2EduwJeLJjR+aUGWJSEyeOtXh+M+ifjPEqLgq48=",
      minVersion: "3.1",
      createdAt: "2026-11-27T19:49:44.479Z",
      versions: [
        {
          id: "default",
          applicationKey: "TnIX2aDioyNkUd57EnIkuw==",
          applicationSecret: "M1r0aJKHRKsCHvT5C0E+7Q==",
          sdkConfiguration:
            "ARBOchfZoOKjI2RR3nsSciS7EDNa9GiSh0SrAh70+QtBPu0BAUEE3/ejJqFcXio8UUz/T4CDQsowGQXaWaVUAtwdEB/irKYEkqDYR27Al4smNH5pQZYlITJ461eH4z6J+M8SouCrjw==",
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
      applicationKey: "48tmzKn5DZsPdK5GGV+/YQ==",
      applicationSecret: "t+geS8ovfsWC6q7SzWfhzw==",
      sdkConfiguration:
        "ARDjy2bMqfkNmw90rkYZX79hELfoHkvKL37Fguqu0s1n4c8BAUEE3/ejJqFcXio8UUz/T4CDQsowGQXaWaVUAtwdEB/irKYEkqDYR27Al4smNH5pQZYlITJ461eH4z6J+M8SouCrjw==",
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
      applicationKey: "5z3vywxHvVitM3cqiHOifg==",
      applicationSecret: "vktk7Ie0908l6AjsEVPHaQ==",
      sdkConfiguration:
        "ARDnPe/LDEe9WK0zdyqIc6J+EL5LZOyHtPdPJegI7BFTx2kBAUEE3/ejJqFcXio8UUz/T4CDQsowGQXaWaVUAtwdEB/irKYEkqDYR27Al4smNH5pQZYlITJ461eH4z6J+M8SouCrjw==",
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
      applicationKey: "/MZttMkgeo+fWkhHj1ic6w==",
      applicationSecret: "27wrqY5v3usf3QhtJ/NQ2Q==",
      sdkConfiguration:
        "ARD8xm20ySB6j59aSEePWJzrENu8K6mOb97rH90IbSfzUNkBAUEE3/ejJqFcXio8UUz/T4CDQsowGQXaWaVUAtwdEB/irKYEkqDYR27Al4smNH5pQZYlITJ461eH4z6J+M8SouCrjw==",
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
      clientId: "01a21e8e-8c66-77a5-a748-78e5eeb5bee4",
      clientSecret: "MLOR5D3lA-TOWEwFB7OEL2c-d-44av6SoSIaY0kHVw4",
      name: values.newApiClient,
    },
  },
  "GET /v1/api-clients": {
    summary: "All API clients, without their secrets",
    response: {
      items: [
        {
          id: "01a21e8e-7d72-7784-bd5c-d0db2e89e5e2",
          name: "bootstrap",
          permissions: ["admin"],
          createdAt: "2026-11-27T19:49:44.437Z",
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
