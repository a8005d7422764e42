/**
 * Values in examples that stand for something a server has to know. Everything else in an example is as it is; these are
 * replaced by rows of their kind when the tests play the examples (`test/example-world.ts`).
 */
export const values = {
  application: "mobile-bank",
  newApplication: "mobile-bank-for-business",
  /** With the setting `activation_transfer`. */
  configuredApplication: "mobile-bank-for-youth",
  applicationVersion: "2026-11",
  applicationKey: "x4vt9dwzQoHcDNQRGoIfXA==",
  user: "anna",
  /** With a user code. */
  codedUser: "anna-with-a-code",
  template: "payment",
  templateId: 4711,
  newTemplate: "login",
  /** One that may be changed and removed. */
  oldTemplate: "standing-order",
  oldTemplateId: 4712,
  /** Of anna, in the application, from the template; nobody has decided it. */
  operation: "0a1e2f3b-7c4d-4e5f-8a6b-1c2d3e4f5a6b",
  approvedOperation: "0a1f77d2-58c3-4b0e-9d41-6f2a8b3c5d7e",
  /** Of nobody yet. */
  openOperation: "9c3d51f0-2a7b-4f68-b1e4-d05c6a7f8e91",
  operationData: "A1*A1250.00EUR*NRent",
  /** ACTIVE, of anna, in the application. */
  activation: "0a1b6c2d-e3f4-4051-8263-748596a7b8c9",
  blockedActivation: "0a1c8d7e-6f50-4123-9a4b-5c6d7e8f9012",
  /** CREATED: its code was not used yet. */
  createdActivation: "0a1d4b5c-6d7e-4f80-91a2-b3c4d5e6f708",
  activationCode: "VVVVV-VVVVV-VVVVV-VTFVA",
  /** PENDING_COMMIT. */
  waitingActivation: "0a1ef00d-1234-4567-89ab-cdef01234567",
  apiClient: "019ac000-0000-7000-8000-0123456789ab",
  newApiClient: "shop back end",
  /** A relying party that is told of results by ping. */
  oidcClient: "019ac000-0000-7000-8000-0123456789ba",
  newOidcClient: "web shop",
  authorizationType: "account_transfer",
  /** Operation type with a display template in English. */
  displayedType: "transfer",
  newDisplayedType: "consent",
  /** Of Approve devices, in the application. */
  deviceType: "authenticator",
  newDeviceType: "authenticator-for-business",
  /** Of somebody who reported something. */
  suspendedUser: "bert",
  /** Signed by a device of anna for the client that asks. */
  directRequest: "bWVhbnQtZm9yLW9uZS1jbGllbnQ",
  offer: "019ac000-0000-7000-8000-0123456789ef",
  webhook: "019ac000-0000-7000-8000-01234567890f",
  newWebhook: "shop",
  /** With a gateway of each kind. */
  pushedApplication: "mobile-bank-with-push",
  /** ACTIVE, and registered for push with this token. */
  pushedActivation: "0a1fa5b6-c7d8-4e9f-80a1-b2c3d4e5f607",
  pushToken: "f2b4c6d8e0a1f3b5c7d9",
  message: "019ac000-0000-7000-8000-0123456789aa",
  /** ACTIVE, of anna, with a one-time password `event` by counter and one `question` by challenge. */
  container: "0a20c1d2-e3f4-4a5b-8c6d-7e8f90a1b2c3",
  blockedContainer: "0a20d4e5-f607-4182-93a4-b5c6d7e8f901",
  callback: "019ac000-0000-7000-8000-0123456789cd",
  newCallback: "status of operations",
} as const;
