/** Examples of `/rest/v3`: activations and what goes with them. */
import type { Examples } from "../examples.ts";
import { values } from "../values.ts";

export const restActivationExamples: Examples = {
  "POST /rest/v3/activation/init": {
    summary: "Start an activation: id and code for the device",
    body: {
      userId: values.user,
      applicationId: values.application,
      maxFailureCount: 5,
      commitPhase: "ON_COMMIT",
      flags: ["NEW"],
    },
    response: {
      activationId: "04b21bda-e0fd-40b4-b72f-3f8fff03d771",
      activationCode: "P6FMB-GBMYY-6JDHB-5GVBA",
      activationSignature:
        "MEYCIQCb47VEH3qsRB8bbcPZANV4I/qWqCR1zf7Cttwli+sJvwIhAMkS/CTOcM9iEGgThyqGxDU2WZLQhA4w+tuO33PEKU1w",
      userId: values.user,
      applicationId: values.application,
    },
  },
  "POST /rest/v3/activation/prepare": {
    summary: "Exchange keys with a device, for front servers",
    body: {
      activationCode: values.activationCode,
      applicationKey: values.applicationKey,
      protocolVersion: "3.3",
      temporaryKeyId: "531cd3b7-c92e-45b3-9b04-470d5d217d5c",
      ephemeralPublicKey: "BPtE081n/W+K/cwykcqi2szF02tiTmSd5tJDj5b6OhDEANfX9a4CGZSwiQCm4Jp1qQqYW7yWwM54uTFGBPw2uwU=",
      encryptedData:
        "CPIqB4Jxu/UHK09rlB5073FJSzuGMoqYfz4ex7GbToEA3I+dq7YhI7h114u+t+a5U3VKicpQrXWugtd2/VAP7e/9FLCnbS0SHI2XG71Tt0iyLxGaJg0oBlpovxB62mja8aPC38OdlNpT8pbmrvDLwpjxtXcpXSCVKMf2z7A1apxiqeJIKOtJGJL23rUfcgiR",
      mac: "u46PQpdIWIrVTBbR1Wrk39jlJvOW/Bxed5+qWmJKqG4=",
      nonce: "Rcgs6xAxKc8zmkzZTCa1qQ==",
      timestamp: 1795804279577,
    },
    response: {
      activationId: "88889976-94c7-4cf6-b485-86ba5a88edf5",
      userId: values.user,
      applicationId: values.application,
      encryptedData:
        "VVgDpyipO/4bpOgN6M+lYfIWHpAmo8SwNmOFnCoWpnRoq2QbdjgJodgzbU7nFvFETEbFcB/64NBGYBC1uXe7+HMBWvk0NvzNcbTt+guKWMhuJhpG23JTcj28VEILAH4AuBb9u+ryPsL6jGX/vrUM0XW9JmMtIgVpISxoGpOOj5LD7opM11ihIolePce8zQO5EGWyLVDw1S1bDZuUWRToRfRNlndV71Ah3p3X8KIiVNUwX2HWwfpFlY6mjtggK2jfanCcUfuEe4C41XRzJdUESw==",
      mac: "xilGQ4FFYhIYni5qAvLKEmIGXRt/a/7eevwBE6aPU5o=",
      nonce: "4SsNuwBcqtUGY3SxUiNyRQ==",
      timestamp: 1795804279580,
      activationStatus: "PENDING_COMMIT",
    },
  },
  "POST /rest/v3/activation/create": {
    summary: "Start an activation and exchange keys in one, for a user who was identified",
    body: {
      userId: values.user,
      applicationKey: values.applicationKey,
      protocolVersion: "3.3",
      temporaryKeyId: "8cb0d0a6-87aa-4d1f-8435-d95896a56479",
      ephemeralPublicKey: "BJHon4JfYO+tMNuWjH1NI/DGcZTBdYIyXReWbSl2GrFSvXSjP0poK0XRTCvEeZhy6Gj2EcJTBY65Mby7OTVM3tU=",
      encryptedData:
        "8eBNAl+MXXK1jJfGUQkP+wzo8y2Yw4lfbPTBuMNL2QDxwrQSTtpOIgW6D2/B7W2FTNGVEApaRJcIDUwVaX8vYBOpDod6mMH4hZH1X9HDT9wPxYNekMZH7CHzXPieIBbyug5oy/BAxo07riJDTTgqN4cPipEuq/6VvDzo4XPnOSj2U07t+32fnk3Zw/QTiO9M",
      mac: "1tgZrJfI+DiUPpFHm6gnEfNP4APp84rYyd+QrrA7WTo=",
      nonce: "fiCNyHXHiiweMUi52ufJOA==",
      timestamp: 1795804279595,
    },
    response: {
      activationId: "cff50088-5176-477d-9f01-faba0b396e7b",
      userId: values.user,
      applicationId: values.application,
      encryptedData:
        "/9xeTY162NOkJRJXvLkI6ADxJU/zJFXQxZF/R7PIhLy/8RKn0Sk1nPA8QTpGh5qGOaoWQudSaezaZlwcBaPVeO+u+BrWCHMmdm+u2HBFZCPiJZN+bIKhD6DTt1wxWARwGiF1UpKXeOC/PILxZicbvPk4ZOZ+OCgflyPacwJSZTKWvu2nqyjdjDSy5H2v4i3hODshFKC4l9MH/JU61Pjgb529tRr1fqXJwMCvL9VafBLNIrZNMGn4RLbdnWSYmcFUnwLej8RMnlz3rwCU55AwUw==",
      mac: "H/mMKHksWybYUz4GGApajGfR0csG2+2tbyr0c/1SDOU=",
      nonce: "zr/34LXWIQ2h/sR2+w67HA==",
      timestamp: 1795804279600,
      activationStatus: "PENDING_COMMIT",
    },
  },
  "POST /rest/v3/activation/otp/update": {
    summary: "Set the one-time password of an activation that waits for its commit",
    body: {
      activationId: values.waitingActivation,
      activationOtp: "4711-0815",
    },
    response: {
      activationId: values.waitingActivation,
      updated: true,
    },
  },
  "POST /rest/v3/activation/commit": {
    summary: "Let a device that has used its code begin to work",
    body: {
      activationId: values.waitingActivation,
      externalUserId: "clerk 7",
    },
    response: {
      activationId: values.waitingActivation,
      activated: true,
    },
  },
  "POST /rest/v3/activation/status": {
    summary: "Everything there is to know of an activation",
    body: {
      activationId: values.activation,
      challenge: "FExjSVMeyQX3VTPHJJhw7A==",
    },
    response: {
      activationId: values.activation,
      activationStatus: "ACTIVE",
      blockedReason: null,
      userId: values.user,
      applicationId: values.application,
      applicationRoles: ["retail"],
      activationName: "test device",
      activationFlags: [],
      platform: "ios",
      deviceInfo: "iPhone12,3",
      extras: null,
      externalId: null,
      additionalData: null,
      commitPhase: "ON_COMMIT",
      activationOtpValidation: "NONE",
      devicePublicKeyFingerprint: "22147399",
      activationCode: null,
      activationSignature: null,
      failedAttempts: 0,
      maxFailedAttempts: 5,
      version: 3,
      encryptedStatusBlob: "iWeXv0kXTnsmtJHElGzEHhy/Mm0zQfWCckE+Ielv1gM=",
      protocol: "powerauth",
      encryptedStatusBlobNonce: "5WsMZHrYZRAV6Vi8inpnCg==",
      timestampCreated: "2026-11-27T18:31:19.738+00:00",
      timestampLastUsed: "2026-11-27T18:31:19.738+00:00",
      timestampLastChange: "2026-11-27T18:31:19.752+00:00",
    },
  },
  "POST /rest/v3/activation/block": {
    summary: "Stop a device for now",
    body: {
      activationId: values.activation,
      reason: "LOST",
      externalUserId: "clerk 7",
    },
    response: {
      activationId: values.activation,
      activationStatus: "BLOCKED",
      blockedReason: "LOST",
    },
  },
  "POST /rest/v3/activation/unblock": {
    summary: "Let a blocked device work again",
    body: {
      activationId: values.blockedActivation,
      externalUserId: "clerk 7",
    },
    response: {
      activationId: values.blockedActivation,
      activationStatus: "ACTIVE",
      blockedReason: null,
    },
  },
  "POST /rest/v3/activation/remove": {
    summary: "End an activation for good",
    body: {
      activationId: values.activation,
    },
    response: {
      activationId: values.activation,
      removed: true,
    },
  },
  "POST /rest/v3/activation/status/update": {
    summary: "Take many activations to one state",
    body: {
      activationIds: [values.activation],
      activationStatus: "BLOCKED",
    },
    response: {
      updated: true,
    },
  },
  "POST /rest/v3/activation/list": {
    summary: "Activations of a user, newest first",
    body: {
      userId: values.user,
      applicationId: values.application,
      activationStatuses: ["ACTIVE"],
      pageNumber: 0,
      pageSize: 20,
    },
    response: {
      activations: [
        {
          activationId: values.activation,
          activationStatus: "ACTIVE",
          blockedReason: null,
          activationName: "test device",
          extras: null,
          protocol: "powerauth",
          externalId: null,
          platform: "ios",
          deviceInfo: "iPhone12,3",
          activationFlags: [],
          timestampCreated: "2026-11-27T18:31:19.892+00:00",
          timestampLastUsed: "2026-11-27T18:31:19.892+00:00",
          timestampLastChange: "2026-11-27T18:31:19.959+00:00",
          userId: values.user,
          applicationId: values.application,
          version: 3,
          failedAttempts: 0,
          maxFailedAttempts: 5,
        },
      ],
    },
  },
  "POST /rest/v3/activation/lookup": {
    summary: "Activations by many conditions",
    body: {
      userIds: [values.user],
      activationStatus: "ACTIVE",
    },
    response: {
      activations: [
        {
          activationId: values.activation,
          activationStatus: "ACTIVE",
          blockedReason: null,
          activationName: "test device",
          extras: null,
          protocol: "powerauth",
          externalId: null,
          platform: "ios",
          deviceInfo: "iPhone12,3",
          activationFlags: [],
          timestampCreated: "2026-11-27T18:31:19.967+00:00",
          timestampLastUsed: "2026-11-27T18:31:19.967+00:00",
          timestampLastChange: "2026-11-27T18:31:19.981+00:00",
          userId: values.user,
          applicationId: values.application,
          version: 3,
          failedAttempts: 0,
          maxFailedAttempts: 5,
        },
      ],
    },
  },
  "POST /rest/v3/activation/history": {
    summary: "States and names it had, oldest first",
    body: {
      activationId: values.activation,
      timestampFrom: "2026-01-01T00:00:00Z",
      timestampTo: "2100-01-01T00:00:00Z",
    },
    response: {
      items: [
        {
          id: "01a21e46-b4b4-7cb4-b210-19217eeefc6e",
          activationId: values.activation,
          activationStatus: "CREATED",
          eventReason: null,
          externalUserId: null,
          activationName: null,
          version: 3,
          timestampCreated: "2026-11-27T18:31:19.988+00:00",
        },
      ],
    },
  },
  "POST /rest/v3/activation/name/update": {
    summary: "Give it another name",
    body: {
      activationId: values.activation,
      activationName: "Anna's tablet",
      externalUserId: "clerk 7",
    },
    response: {
      activationId: values.activation,
      activationName: "Anna's tablet",
      activationStatus: "ACTIVE",
    },
  },
  "POST /rest/v3/activation/flags/list": {
    summary: "Its flags",
    body: {
      activationId: values.activation,
    },
    response: {
      activationId: values.activation,
      activationFlags: [],
    },
  },
  "POST /rest/v3/activation/flags/create": {
    summary: "Add flags",
    body: {
      activationId: values.activation,
      activationFlags: ["GOLD"],
    },
    response: {
      activationId: values.activation,
      activationFlags: ["GOLD"],
    },
  },
  "POST /rest/v3/activation/flags/update": {
    summary: "Replace its flags",
    body: {
      activationId: values.activation,
      activationFlags: ["GOLD"],
    },
    response: {
      activationId: values.activation,
      activationFlags: ["GOLD"],
    },
  },
  "POST /rest/v3/activation/flags/remove": {
    summary: "Take flags away",
    body: {
      activationId: values.activation,
      activationFlags: ["NEW"],
    },
    response: {
      activationId: values.activation,
      activationFlags: [],
    },
  },
};
