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
      masterPublicKey: "BBW0UKe53KEVB0vA1rTYVdooNKd7J3kv9gWkilYx91SQoxS8gvisVRrs3HDlHYpk4X83uCxkm0WzvpVux3PNkGw=",
      minVersion: "3.2",
      createdAt: "2026-11-27T18:31:18.537Z",
      versions: [
        {
          id: "default",
          applicationKey: "daMPdgLHCuOcT29ow6iJ8w==",
          applicationSecret: "VR31mNANC301fb/gmodNlQ==",
          sdkConfiguration:
            "ARB1ow92AscK45xPb2jDqInzEFUd9ZjQDQt9NX2/4JqHTZUBAUEEFbRQp7ncoRUHS8DWtNhV2ig0p3sneS/2BaSKVjH3VJCjFLyC+KxVGuzccOUdimThfze4LGSbRbO+lW7Hc82QbA==",
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
      masterPublicKey: "BMgXxurc+piFMzsUf67b0gE0/J0k07MqppIowsdzhK8Tc6TTWDOV5ZPbt0Nqp82WcsP46GCG9zDf5+3IMgr+710=",
      minVersion: "3.1",
      createdAt: "2026-11-27T18:31:17.704Z",
      versions: [
        {
          id: "default",
          applicationKey: "Q6wD2AyRj6AS8CpYfpornQ==",
          applicationSecret: "nqfQHDff3tWX7HYEymCzsw==",
          sdkConfiguration:
            "ARBDrAPYDJGPoBLwKlh+miudEJ6n0Bw3397Vl+x2BMpgs7MBAUEEyBfG6tz6mIUzOxR/rtvSATT8nSTTsyqmkijCx3OErxNzpNNYM5Xlk9u3Q2qnzZZyw/joYIb3MN/n7cgyCv7vXQ==",
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
      applicationKey: "gNL/V/eVlmQurW1y7HU3OA==",
      applicationSecret: "qihuOhW7sTkj70EhWV4r1w==",
      sdkConfiguration:
        "ARCA0v9X95WWZC6tbXLsdTc4EKoobjoVu7E5I+9BIVleK9cBAUEEyBfG6tz6mIUzOxR/rtvSATT8nSTTsyqmkijCx3OErxNzpNNYM5Xlk9u3Q2qnzZZyw/joYIb3MN/n7cgyCv7vXQ==",
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
      applicationKey: "ZEIGnt+vONs9spLBNxC9YQ==",
      applicationSecret: "BbbqWbtWLxExTbsNYIudtg==",
      sdkConfiguration:
        "ARBkQgae36842z2yksE3EL1hEAW26lm7Vi8RMU27DWCLnbYBAUEEyBfG6tz6mIUzOxR/rtvSATT8nSTTsyqmkijCx3OErxNzpNNYM5Xlk9u3Q2qnzZZyw/joYIb3MN/n7cgyCv7vXQ==",
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
      applicationKey: "bDh750WZGoZ4Pv4PVP7mlg==",
      applicationSecret: "mIxMlUHSNNsgEuwnKeTcsQ==",
      sdkConfiguration:
        "ARBsOHvnRZkahng+/g9U/uaWEJiMTJVB0jTbIBLsJynk3LEBAUEEyBfG6tz6mIUzOxR/rtvSATT8nSTTsyqmkijCx3OErxNzpNNYM5Xlk9u3Q2qnzZZyw/joYIb3MN/n7cgyCv7vXQ==",
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
      clientId: "01a21e46-af62-7390-a388-618ebaf9af35",
      clientSecret: "-T5SO1HP7V7WKCMx07XHsUxOnvhruC8g2E-aSkb562M",
      name: values.newApiClient,
    },
  },
  "GET /v1/api-clients": {
    summary: "All API clients, without their secrets",
    response: {
      items: [
        {
          id: "01a21e46-aab8-7a81-9588-5ae62c0b516f",
          name: "bootstrap",
          permissions: ["admin"],
          createdAt: "2026-11-27T18:31:17.488Z",
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
