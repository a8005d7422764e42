/** Examples of `/v1`: relying parties that register themselves, and the words that users agreed on. */
import type { Examples } from "../../examples.ts";
import { values } from "../../values.ts";

export const v1RegistrationExamples: Examples = {
  "POST /v1/oidc-clients/initial-access-tokens": {
    summary: "Let relying parties register themselves, as what is decided here",
    body: {
      countersign: { applications: [values.application], template: values.template, profile: "fapi-ciba" },
      expiresInSeconds: 3600,
    },
    status: 201,
    response: {
      initialAccessToken: "6l8qYkJm1bS2hV0cX9wT4rZpA7fE3gN5",
      registrationEndpoint: "https://approve.example.com/oidc/clients",
      expiresInSeconds: 3600,
    },
  },
  "PUT /v1/users/:id/user-code": {
    summary: "Set the word that relying parties have to know before a user's device rings",
    params: { id: values.user },
    body: { userCode: "tram 17" },
    status: 204,
  },
  "DELETE /v1/users/:id/user-code": {
    summary: "A user has no such word any more",
    params: { id: values.codedUser },
    status: 204,
  },
};
