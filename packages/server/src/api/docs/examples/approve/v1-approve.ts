/** Examples of `/v1`: approve and what goes with them. */
import type { Examples } from "../../examples.ts";
import { values } from "../../values.ts";

export const v1ApproveExamples: Examples = {
  "PUT /v1/device-types/:id": {
    summary: "Set which Approve devices may enrol, and how their keys are protected",
    params: {
      id: values.newDeviceType,
    },
    body: {
      applicationId: values.application,
      maxDevices: 3,
    },
    response: {
      id: values.newDeviceType,
      applicationId: values.application,
      maxDevices: 3,
      rules: {
        platforms: [],
        hardwareKeysRequired: false,
        rootedAllowed: true,
      },
      policies: {
        device: {
          type: "DEVICE",
          lock: {
            type: "none",
          },
        },
        password: {
          type: "PASSWORD",
          password: {
            minLength: 6,
            maxLength: 64,
            minUpperCase: 0,
            maxUpperCase: 64,
            minLowerCase: 0,
            maxLowerCase: 64,
            minAlpha: 0,
            maxAlpha: 64,
            minNumeric: 0,
            maxNumeric: 64,
            minNonAlpha: 0,
            maxNonAlpha: 64,
            minAge: 0,
            maxAge: 0,
            maxHistory: 0,
            sequenceAllowed: false,
            cacheSeconds: 0,
          },
          lock: {
            type: "counter",
            counter: 5,
          },
        },
      },
      keyPolicies: {
        auth: "password",
        tx: "password",
        enc: "device",
        pop: "device",
      },
      keyDays: 365,
      countermeasures: {
        disabledTimeReset: 900,
        challengeTimeoutPeriod: 3600,
        challengeDisableThreshold: 8,
        disableThreshold: 5,
        mostOutstanding: 8,
        deniedThreshold: -1,
      },
      features: {
        cancel: true,
        direct: true,
        renew: true,
      },
      defaultClient: null,
      otp: [],
    },
  },
  "GET /v1/device-types": {
    summary: "Device types of the applications that the client may use",
    response: {
      items: [
        {
          id: values.deviceType,
          applicationId: values.application,
          maxDevices: 5,
          rules: {
            platforms: [],
            hardwareKeysRequired: false,
            rootedAllowed: true,
          },
          policies: {
            device: {
              type: "DEVICE",
              lock: {
                type: "none",
              },
            },
            password: {
              type: "PASSWORD",
              password: {
                minLength: 6,
                maxLength: 64,
                minUpperCase: 0,
                maxUpperCase: 64,
                minLowerCase: 0,
                maxLowerCase: 64,
                minAlpha: 0,
                maxAlpha: 64,
                minNumeric: 0,
                maxNumeric: 64,
                minNonAlpha: 0,
                maxNonAlpha: 64,
                minAge: 0,
                maxAge: 0,
                maxHistory: 0,
                sequenceAllowed: false,
                cacheSeconds: 0,
              },
              lock: {
                type: "counter",
                counter: 5,
              },
            },
          },
          keyPolicies: {
            auth: "password",
            tx: "password",
            enc: "device",
            pop: "device",
          },
          keyDays: 365,
          countermeasures: {
            disabledTimeReset: 900,
            challengeTimeoutPeriod: 3600,
            challengeDisableThreshold: 8,
            disableThreshold: 5,
            mostOutstanding: 8,
            deniedThreshold: -1,
          },
          features: {
            cancel: true,
            direct: true,
            renew: true,
          },
          defaultClient: null,
          otp: [],
        },
      ],
    },
  },
  "GET /v1/device-types/:id": {
    summary: "One device type",
    params: {
      id: values.deviceType,
    },
    response: {
      id: values.deviceType,
      applicationId: values.application,
      maxDevices: 5,
      rules: {
        platforms: [],
        hardwareKeysRequired: false,
        rootedAllowed: true,
      },
      policies: {
        device: {
          type: "DEVICE",
          lock: {
            type: "none",
          },
        },
        password: {
          type: "PASSWORD",
          password: {
            minLength: 6,
            maxLength: 64,
            minUpperCase: 0,
            maxUpperCase: 64,
            minLowerCase: 0,
            maxLowerCase: 64,
            minAlpha: 0,
            maxAlpha: 64,
            minNumeric: 0,
            maxNumeric: 64,
            minNonAlpha: 0,
            maxNonAlpha: 64,
            minAge: 0,
            maxAge: 0,
            maxHistory: 0,
            sequenceAllowed: false,
            cacheSeconds: 0,
          },
          lock: {
            type: "counter",
            counter: 5,
          },
        },
      },
      keyPolicies: {
        auth: "password",
        tx: "password",
        enc: "device",
        pop: "device",
      },
      keyDays: 365,
      countermeasures: {
        disabledTimeReset: 900,
        challengeTimeoutPeriod: 3600,
        challengeDisableThreshold: 8,
        disableThreshold: 5,
        mostOutstanding: 8,
        deniedThreshold: -1,
      },
      features: {
        cancel: true,
        direct: true,
        renew: true,
      },
      defaultClient: null,
      otp: [],
    },
  },
  "DELETE /v1/device-types/:id": {
    summary: "Remove a device type; nothing enrols by it any more",
    params: {
      id: values.deviceType,
    },
    status: 204,
  },
  "POST /v1/offers": {
    summary: "Invite a user's device to enrol",
    body: {
      userId: values.user,
      deviceType: values.deviceType,
      invite: true,
      seconds: 300,
    },
    status: 201,
    response: {
      id: "fwz4Canjs6Obmp8h2KF4LA",
      offer:
        "eyJhbGciOiJFUzI1NiIsInR5cCI6ImFwdi1vZmZlcitqd3QiLCJraWQiOiJlX1VqUjFUNmNZclI0WG9Zckg0S3RFT0dSZ1dzY1g3VE52T0tHNDhhRzI4In0.eyJpc3MiOiJodHRwOi8vMTI3LjAuMC4xOjM3MTA3IiwianRpIjoiZnd6NENhbmpzNk9ibXA4aDJLRjRMQSIsImNvZGUiOiJzampCT2VBZ1JqeFo3LTZnb0xoSklRIiwiaWF0IjoxNzk1ODA4OTg4LCJleHAiOjE3OTU4MDkyODgsImR0eSI6ImFwdjEiLCJ0ZW5hbnQiOiJkZWZhdWx0Iiwic2tzIjpbImVfVWpSMVQ2Y1lyUjRYb1lySDRLdEVPR1JnV3NjWDdUTnZPS0c0OGFHMjgiXX0.JtIiFvf45UZBus07zqWk6F_n8s7zWEDRGPAQdDlS-hXtD-cgSB4IgpVsv_dGkcwp2Sbg03JGtZYPtms3uS57Nw",
      inviteCode: "Y97UJ-D8E9U",
      expiresAt: "2026-11-27T19:54:48.229Z",
    },
  },
  "GET /v1/offers/:id": {
    summary: "What became of an offer",
    params: {
      id: values.offer,
    },
    response: {
      id: values.offer,
      state: "open",
      userId: values.user,
      deviceType: values.deviceType,
      createdAt: "2026-11-27T19:49:48.235Z",
      expiresAt: "2026-11-27T19:59:48.235Z",
    },
  },
};
