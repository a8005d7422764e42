/** Examples of `/v1`: push and what goes with them. */
import type { Examples } from "../examples.ts";
import { values } from "../values.ts";

export const v1PushExamples: Examples = {
  "PUT /v1/push-gateways/:applicationId/apns": {
    summary: "Set how an application reaches its devices by Apple's gateway",
    body: {
      keyId: "ABC123DEFG",
      teamId: "DEF123GHIJ",
      topic: "example.bank.mobile",
      key: "-----BEGIN PRIVATE KEY-----\\n…\\n-----END PRIVATE KEY-----\\n",
    },
    params: {
      applicationId: values.application,
    },
    response: {
      applicationId: values.application,
      platform: "apns",
      keyId: "ABC123DEFG",
      teamId: "DEF123GHIJ",
      topic: "example.bank.mobile",
    },
  },
  "PUT /v1/push-gateways/:applicationId/fcm": {
    summary: "Set how an application reaches its devices by Firebase",
    body: {
      serviceAccount: {
        project_id: values.application,
        client_email: "push@mobile-bank.example",
        private_key: "-----BEGIN PRIVATE KEY-----\\n…\\n-----END PRIVATE KEY-----\\n",
      },
    },
    params: {
      applicationId: values.application,
    },
    response: {
      applicationId: values.application,
      platform: "fcm",
      projectId: values.application,
      clientEmail: "push@mobile-bank.example",
    },
  },
  "PUT /v1/push-gateways/:applicationId/hms": {
    summary: "Set how an application reaches its devices by Huawei's gateway",
    body: {
      clientId: "100000001",
      clientSecret: "written and never shown",
    },
    params: {
      applicationId: values.application,
    },
    response: {
      applicationId: values.application,
      platform: "hms",
      clientId: "100000001",
    },
  },
  "PUT /v1/push-gateways/:applicationId/web": {
    summary: "Set how an application reaches its devices by Web Push",
    body: {
      subject: "mailto:push@bank.example",
    },
    params: {
      applicationId: values.application,
    },
    response: {
      applicationId: values.application,
      platform: "web",
      publicKey: "BG5qvky4Y9XtmApaTdaNG5MV369ufyrCudKfV6bmVZQWGrl_xtNZh1cFmPmOxOquQUgVDso8Ci5B5fZpONBbx-E",
      subject: "mailto:push@bank.example",
    },
  },
  "GET /v1/push-gateways/:applicationId/apns": {
    summary: "How an application reaches its devices by Apple's gateway",
    params: {
      applicationId: values.pushedApplication,
    },
    response: {
      applicationId: values.pushedApplication,
      platform: "apns",
      keyId: "ABC123DEFG",
      teamId: "DEF123GHIJ",
      topic: "example.bank.mobile",
    },
  },
  "GET /v1/push-gateways/:applicationId/fcm": {
    summary: "How an application reaches its devices by Firebase",
    params: {
      applicationId: values.pushedApplication,
    },
    response: {
      applicationId: values.pushedApplication,
      platform: "fcm",
      projectId: values.application,
      clientEmail: "push@mobile-bank.example",
    },
  },
  "GET /v1/push-gateways/:applicationId/hms": {
    summary: "How an application reaches its devices by Huawei's gateway",
    params: {
      applicationId: values.pushedApplication,
    },
    response: {
      applicationId: values.pushedApplication,
      platform: "hms",
      clientId: "100000001",
    },
  },
  "GET /v1/push-gateways/:applicationId/web": {
    summary: "How an application reaches its devices by Web Push",
    params: {
      applicationId: values.pushedApplication,
    },
    response: {
      applicationId: values.pushedApplication,
      platform: "web",
      publicKey: "BI5lSVnLuJNxBmglHwblpJeNStJ_4xpdksx1yotrmpvd2h7Frzz_VX4XznxfSuvLaP37e3uiJQHbgZDjeAchS2c",
      subject: "mailto:push@bank.example",
    },
  },
  "DELETE /v1/push-gateways/:applicationId/apns": {
    summary: "Forget how an application reaches its devices by Apple's gateway",
    params: {
      applicationId: values.pushedApplication,
    },
    status: 204,
  },
  "DELETE /v1/push-gateways/:applicationId/fcm": {
    summary: "Forget how an application reaches its devices by Firebase",
    params: {
      applicationId: values.pushedApplication,
    },
    status: 204,
  },
  "DELETE /v1/push-gateways/:applicationId/hms": {
    summary: "Forget how an application reaches its devices by Huawei's gateway",
    params: {
      applicationId: values.pushedApplication,
    },
    status: 204,
  },
  "DELETE /v1/push-gateways/:applicationId/web": {
    summary: "Forget how an application reaches its devices by Web Push",
    params: {
      applicationId: values.pushedApplication,
    },
    status: 204,
  },
  "GET /v1/push-settings/:applicationId": {
    summary: "What push messages of an application say, and when they are sent",
    params: {
      applicationId: values.application,
    },
    response: {
      texts: {},
      finished: false,
    },
  },
  "PUT /v1/push-settings/:applicationId": {
    summary: "Set what push messages of an application say, and when they are sent",
    body: {
      texts: {
        operationCreated: {
          en: {
            title: "Approve?",
            body: "A payment waits for you.",
          },
        },
      },
      finished: true,
    },
    params: {
      applicationId: values.application,
    },
    response: {
      texts: {
        operationCreated: {
          en: {
            title: "Approve?",
            body: "A payment waits for you.",
          },
        },
      },
      finished: true,
    },
  },
  "GET /v1/push-devices": {
    summary: "Devices of a user that are registered for push",
    query: {
      userId: values.user,
    },
    response: {
      items: [
        {
          activationId: values.pushedActivation,
          applicationId: values.application,
          userId: values.user,
          platform: "fcm",
          environment: null,
          language: "en",
          registeredAt: "2026-11-27T19:49:48.047Z",
        },
      ],
    },
  },
  "DELETE /v1/push-devices/:applicationId/:activationId": {
    summary: "End a registration",
    params: {
      applicationId: values.application,
      activationId: values.pushedActivation,
    },
    status: 204,
  },
};
