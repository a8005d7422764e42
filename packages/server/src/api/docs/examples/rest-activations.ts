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
      activationId: "66f00a55-1037-4f43-86c4-0c70321f40fc",
      activationCode: "TLFOF-XLNK2-QBTEQ-3PEKA",
      activationSignature:
        "MEYCIQDg6oexSWsF9yCrQEFkXfg5PXfVXIRDuSSVf7bTLZZFqwIhAMXhBTfzaXhQm/dTAC7GCL+dmXQ3l3hF2Wxn/iqfWklb",
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
      temporaryKeyId: "8c572570-5140-467d-b4fb-cde876a94780",
      ephemeralPublicKey: "BIBXYBrZE4f/ErF44jGsHe51gELHpWLtL4PU9SSKSYwtFf23cYSqk31HMrZewLKhXMlHsuqh4UjkuXnrvox4enQ=",
      encryptedData:
        "yXoEW+u8rb/7+cWEWASNKaNUCyJ6XTPNMFE3q0LwTrWVoLNGOiS9HqSt7ITWMOz+jAcn9St+ABG+7pINzAC7i1EyY0LEaOIw+rthwkKZPqdXEAy4IN4Kcgn9y4pWb4jL//i070QyIn1FR1nKDCIyI6flLv/YMmerhpGOOUxOnpblSa7JKzgcSJldiZcYgmQm",
      mac: "eD7tLW9c+FbV+UHwePfh1+2tLpMZ/QCksdjQuJumAlw=",
      nonce: "c/DPrr7Xg4KBLxZCAuvt6g==",
      timestamp: 1795808988933,
    },
    response: {
      activationId: "d3543b4a-7a85-45c3-a71b-5549367c55fb",
      userId: values.user,
      applicationId: values.application,
      encryptedData:
        "RfQgr/TNRc5Md1QxMvzEtgyxUM311PAkgYhQF7N+sedlOveNsQ7l/rkogm1bMofI2D36Ok+E4J6XQfwpbJ2n98VskrTD00md6wXgA5IJI6PlGzcOdUvmbLmzm3abTFicnjB8wWoDgw4DFTwse8xWnIxnCai7SbR4gCsvJRpoWAVWBlrHHj++P8qpdQmPHatSZwJamSWhuawG0wt4k2AghiKo1wreZJ+ev8F9hBqSLhCHb76DGQTOpV6dBYKScod0OmRX+hy8MHlMeSkIKa/jCw==",
      mac: "fDU3sVCCQJN4OqlWe8kc6NWSOhtBHJtrGaS+6YFunTk=",
      nonce: "DXqjWSDSRrrYCTFg4FVTtg==",
      timestamp: 1795808988936,
      activationStatus: "PENDING_COMMIT",
    },
  },
  "POST /rest/v3/activation/create": {
    summary: "Start an activation and exchange keys in one, for a user who was identified",
    body: {
      userId: values.user,
      applicationKey: values.applicationKey,
      protocolVersion: "3.3",
      temporaryKeyId: "7d18a94e-2343-4dc6-a9b0-3cd9acb5c825",
      ephemeralPublicKey: "BMrYQMl7b+J5+cnm2gvGiXSg0AIiSJKne58KbQ451dsSZcfHZcxTzA7CC5IjRhNSahNh1ut7FsaPbvo9u0+Zbd0=",
      encryptedData:
        "6MJhp9+INPzIM9nqC0aevC3p/cEkPleOCl+u/5dpb2Vr7Mz6I4OO4qRBchDh00x6jiWr0nkvSnjuiY8kdMGF/JqTxfcN5KikhFtA4Qe6jPVKYm4oS5Cmh2pY9TfevxZTp0dKZ4FXlgYWq3pnZVDGP1I0lBHYOTmM8E1MUsxN5yalpKdZnvPYbpAkjhDukwk9",
      mac: "HQgnkLC7lwtVWIS35FJTH3rXlCxFrBxCzKw9tZ15zc0=",
      nonce: "3cOfCv9VAT9391+MbKHoUw==",
      timestamp: 1795808988942,
    },
    response: {
      activationId: "a1578b00-5833-46b1-93c8-2ee938dc3907",
      userId: values.user,
      applicationId: values.application,
      encryptedData:
        "YjHxMpdmcweI9SD8Ez4m2jdlWXIVCH38OEjW5g0kwkUD0NvsQlaua6Slu7GikQN+FA2RuysSsHF1pVONs6FBWRrKnh0HEPx1N859805zY65l1HAVOMKdi93fgueAG8H6Z41sqAV19zthPKsucgzop4w1xeLZjQzVYKlaE8WQR+yQbvGEwn6NiDjc94AUEzSt1aqQs7zOqV0XtBuLNQrt+t7Moh0hZxH9BWjOND1IM0UBaZlXIfhh1Fbp0vLbCKHzup5JT/dWNPMt/B23jPkNTQ==",
      mac: "3Dt6Fb6ImHsbNHZprXK/n6Inn6+1gHliJkFg0y9KqBs=",
      nonce: "xvgipOEoz5+CBx/h5+3FiA==",
      timestamp: 1795808988946,
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
      devicePublicKeyFingerprint: "94748320",
      activationCode: null,
      activationSignature: null,
      parentActivationId: null,
      transferType: null,
      failedAttempts: 0,
      maxFailedAttempts: 5,
      version: 3,
      encryptedStatusBlob: "jkHTlfixlg61MChGVeCRQa65637qyX/rTPjTB4LupnM=",
      protocol: "powerauth",
      encryptedStatusBlobNonce: "KgRcXJ3YYl9oxZoomsje0g==",
      timestampCreated: "2026-11-27T19:49:49.047+00:00",
      timestampLastUsed: "2026-11-27T19:49:49.047+00:00",
      timestampLastChange: "2026-11-27T19:49:49.060+00:00",
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
      userId: values.user,
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
          timestampCreated: "2026-11-27T19:49:49.188+00:00",
          timestampLastUsed: "2026-11-27T19:49:49.188+00:00",
          timestampLastChange: "2026-11-27T19:49:49.200+00:00",
          userId: values.user,
          applicationId: values.application,
          applicationName: values.application,
          devicePublicKeyBase64:
            "BF4uB2hTpVRM4JxRRbDwZJ21L4ku4JEMThAkcpzRpW8iZHrfjxqjQQ23QrLV/nXzerKKlXSGD9RQ8t3LksI/+P4=",
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
          timestampCreated: "2026-11-27T19:49:49.207+00:00",
          timestampLastUsed: "2026-11-27T19:49:49.207+00:00",
          timestampLastChange: "2026-11-27T19:49:49.219+00:00",
          userId: values.user,
          applicationId: values.application,
          applicationName: values.application,
          devicePublicKeyBase64:
            "BCpir0alOyMYh7D7DdGK46UFt29DwOMv0nE+oqkSjX7f2b0i2VYj0ojAFgbVNIoQyFeIUp/7oBl3eTfqMyNrYKU=",
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
          id: 725426961439282,
          activationId: values.activation,
          activationStatus: "CREATED",
          eventReason: null,
          externalUserId: null,
          activationName: null,
          version: 3,
          timestampCreated: "2026-11-27T19:49:49.225+00:00",
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
