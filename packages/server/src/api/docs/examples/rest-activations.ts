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
      activationId: "bd186458-89b4-46e7-8aa1-24fd09ce9b4c",
      activationCode: "7XSLY-3SXF4-55IQD-QYNHA",
      activationSignature:
        "MEQCIC5hv8NV1rx4hR5wYg1X2ooRS0LccGQyCjy1WjLqzeu5AiAnferT179m4UXjN33p/TVvTCl53pA7aE5QNfNaok/MBQ==",
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
      temporaryKeyId: "1253d28d-fde5-4961-b3d0-93d32e2af9f3",
      ephemeralPublicKey: "BExySNMv/s3Xv4eZzJLoP3MjdQEeQu3mldKvc2HjOqp+coJQ3ou7kexM7qiDX0t8mkn+8TJZmpJor60yHJmlntw=",
      encryptedData:
        "x3+ZN1ZS4YXeYGGvtbRQsFVcGPfDk4NvLDi6TaOkYhshk/gV+08dRDFiF7WatEYjUBmpOr/9XUvGO4c4XcnoS4ahOyhQMlXGcJrj6a+KQt6aBuF/OdcDP3+xjuH9htVhjmHET5Rz6J9bqYOUpMWZ0YkKo7R60akHEQbd+xrQA7+cj/z/BH0N8/DrF0qtaHTW",
      mac: "NjnGpbmHpMfjl/EqUfERe94oOywF+412xrqpp3ffJBk=",
      nonce: "Piv/orvf6sO8FQsuN/Eiow==",
      timestamp: 1795806803569,
    },
    response: {
      activationId: "0d232807-865d-44e1-bafa-f260769a59f2",
      userId: values.user,
      applicationId: values.application,
      encryptedData:
        "RBREepxKJ3eXNIqJoaVD7QCwP9qHrKOpV1U2vMHYLiZbnvvpHkbzBqsIfiKGUnBf0BeSNLNMHm90KHC5rgNAEggDkudTbc/AWtwTpsV7YTRYTqzWK/onvsFI9FoolxtyNYW6VLjE5+WTKWg1g1EBbweyGveuIsKfdFKPw0Udws85rgCQINpWPYp4Upqb3ZEyV2oJpgmsS+L+U1ZLytl9UkZ/GHIV0kcVKENmoPsCML49qXdHqBxlndoPwxye7kcPnv15MelQW24l8B7aq5PlxA==",
      mac: "YIGxKbGo0JOWu9h4rk98oaSWGgWWnftP0t04pO7D8+Y=",
      nonce: "VNFyiidfJXYNM+JHQpxAuw==",
      timestamp: 1795806803577,
      activationStatus: "PENDING_COMMIT",
    },
  },
  "POST /rest/v3/activation/create": {
    summary: "Start an activation and exchange keys in one, for a user who was identified",
    body: {
      userId: values.user,
      applicationKey: values.applicationKey,
      protocolVersion: "3.3",
      temporaryKeyId: "2907f076-b56a-43d8-bdab-e82d20828806",
      ephemeralPublicKey: "BImOHmvxjGwdA3aEjoiSgNfeU19v14RWtqnbJWedR7zfGW0pNj7oXC2t4rXKAfL9NhoCEJKDnvn6YDI6DwEzw5M=",
      encryptedData:
        "uE2On09KLVy+0DqtOE1LiME9Atg0z8g+ywWZsKKFdjdezOxrTA9C7vHBNBSf542RPeOkAzpvkxGp3O5isYffsuRUEfsSKadUJ95hskn0uI9rYaRUWMIRWEIu0l85KyfFm5Satb+1WAVs1xXAb+h1Zd+1HFzeJFoOgdkGx72mL2/UgD8NY8Fj82Nf7JBQCtFs",
      mac: "t3XJn9WjEPIZ00uSVDcuRprU3qj881J+WOjKP+Z5PFk=",
      nonce: "P7WuBWeP8pv7AJzihYDNpQ==",
      timestamp: 1795806803584,
    },
    response: {
      activationId: "03b2b625-7521-4943-aa6d-57f161669d10",
      userId: values.user,
      applicationId: values.application,
      encryptedData:
        "WRUT3JjP8dMCsoFcwFp6LBagMFI8nZzClUdo7bi50RoTjpxx1oqfDIf+QGLJaHbU6cYo3h5o+DxA0gNiNrDSEkhCNAh4VpCnuqVkJaaDX8O4sYGQCseF8w7AZzgUSaGYw8DuR2iBe4Hc40eY4gvWmg1/2iU5tkJT8bhTjOkSwnH5l6H9D51kLxdNdMo4h1iM5TlWZ/349OIfA/nA+eGebX/3UkWlV8QmUnc6uSXTYt5CS5D3ipy4+Ry1gm4Dr11Pl3HahhM2pMP/NuBnEFabKQ==",
      mac: "r31wxlNAufVIm78NWrpH0wjDGjiBai8Rh9PntkD+Z0M=",
      nonce: "9ZwjSok+M7HhmamFuRYMKA==",
      timestamp: 1795806803590,
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
      devicePublicKeyFingerprint: "71726843",
      activationCode: null,
      activationSignature: null,
      failedAttempts: 0,
      maxFailedAttempts: 5,
      version: 3,
      encryptedStatusBlob: "1c1K9YyjRY2YWggdD8kwPxdR4atd2xyCRHRao0hHZS4=",
      protocol: "powerauth",
      encryptedStatusBlobNonce: "5AZTm5wPp6p3B8L2odFttA==",
      timestampCreated: "2026-11-27T19:13:24.086+00:00",
      timestampLastUsed: "2026-11-27T19:13:24.086+00:00",
      timestampLastChange: "2026-11-27T19:13:24.156+00:00",
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
          timestampCreated: "2026-11-27T19:13:24.861+00:00",
          timestampLastUsed: "2026-11-27T19:13:24.861+00:00",
          timestampLastChange: "2026-11-27T19:13:24.974+00:00",
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
          timestampCreated: "2026-11-27T19:13:25.025+00:00",
          timestampLastUsed: "2026-11-27T19:13:25.025+00:00",
          timestampLastChange: "2026-11-27T19:13:25.064+00:00",
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
          id: "01a21e6d-3c81-7902-8268-1e12b387d0bc",
          activationId: values.activation,
          activationStatus: "CREATED",
          eventReason: null,
          externalUserId: null,
          activationName: null,
          version: 3,
          timestampCreated: "2026-11-27T19:13:25.121+00:00",
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
