/** `/rest/v3/operation`: templates and operations, each call with its answer and its errors. */
import { payment } from "../bank.ts";
import {
  bool,
  date,
  error,
  type Exchange,
  list,
  long,
  nothing,
  object,
  orNull,
  type Scene,
  text,
  uuid,
} from "./exchange.ts";

const template = {
  id: long,
  templateName: "transfer",
  operationType: "payment",
  dataTemplate: "A1*A${amount}${currency}*N${note}",
  signatureType: list("POSSESSION_KNOWLEDGE", "POSSESSION_BIOMETRY"),
  maxFailureCount: 2,
  expiration: 300,
  riskFlags: "XF",
  proximityCheckEnabled: bool,
};
const content = {
  operationType: "payment",
  dataTemplate: "A1*A${amount}${currency}*N${note}",
  signatureType: ["POSSESSION_KNOWLEDGE", "POSSESSION_BIOMETRY"],
  maxFailureCount: 2,
  expiration: 300,
  riskFlags: "XF",
  proximityCheckEnabled: false,
};

const operation =
  (more: object = {}) =>
  (scene: Scene) => ({
    id: uuid,
    userId: scene.user,
    applications: list(scene.app.applicationId),
    externalId: "order 7",
    activationFlag: null,
    activationId: null,
    operationType: "payment",
    templateName: "transfer",
    data: "A1*A100CZK*Nrent",
    parameters: { amount: "100", currency: "CZK", note: "rent" },
    additionalData: object,
    status: "PENDING",
    statusReason: null,
    signatureType: list("POSSESSION_KNOWLEDGE", "POSSESSION_BIOMETRY"),
    failureCount: 0,
    maxFailureCount: 2,
    timestampCreated: date,
    timestampExpires: date,
    timestampFinalized: orNull(date),
    riskFlags: "XF",
    proximityOtp: null,
    ...more,
  });
const action = (result: string, more: object) => (scene: Scene) => ({ result, operation: operation(more)(scene) });
const finalized = { timestampFinalized: date };

const newOne = ({ user, app }: Scene) => ({
  templateName: "transfer",
  userId: user,
  applications: [app.applicationId],
  externalId: "order 7",
  parameters: payment,
  additionalData: { channel: "web" },
});
const fresh: Exchange = {
  path: "/operation/create",
  request: newOne,
  answer: operation(),
  keep: ({ id }, { kept }) => void (kept.operation = id),
};
const byId =
  (more: object = {}) =>
  ({ kept }: Scene) => ({ operationId: kept.operation, ...more });
const decision =
  (more: object = {}) =>
  ({ kept, user, app }: Scene) => ({
    operationId: kept.operation,
    userId: user,
    applicationId: app.applicationId,
    ...more,
  });
const approval = (more: object = {}) =>
  decision({ data: "A1*A100CZK*Nrent", signatureType: "POSSESSION_KNOWLEDGE", additionalData: { a: 1 }, ...more });
const numbered =
  (more: object = {}) =>
  ({ kept }: Scene) => ({ id: kept.template, ...more });
const unknown = "6e5f34d6-1f0d-4a8b-9d0e-7b2f2f3c4d5e";
const listRequest = ({ user, app }: Scene) => ({
  userId: user,
  applications: [app.applicationId],
  pageNumber: 0,
  pageSize: 1,
});

export const operationExchanges: readonly Exchange[] = [
  {
    path: "/operation/template/create",
    request: () => ({ templateName: "transfer", ...content }),
    answer: template,
    keep: ({ id }, { kept }) => void (kept.template = id),
  },
  {
    path: "/operation/template/create",
    request: () => ({ templateName: "transfer", ...content }),
    answer: error("ERR0039"),
  },
  {
    path: "/operation/template/create",
    request: () => ({ templateName: "b", ...content, expiration: 0 }),
    answer: error("ERR0024"),
  },
  { path: "/operation/template/list", request: () => ({}), answer: [template] },
  { path: "/operation/template/detail", request: numbered(), answer: template },
  { path: "/operation/template/detail", request: () => ({ id: 999_999 }), answer: error("ERR0033") },
  { path: "/operation/template/update", request: numbered(content), answer: template },
  { path: "/operation/template/update", request: () => ({ id: 999_999, ...content }), answer: error("ERR0033") },

  fresh,
  { path: "/operation/create", request: (s) => ({ ...newOne(s), templateName: "x" }), answer: error("ERR0033") },
  { path: "/operation/create", request: (s) => ({ ...newOne(s), applications: ["x"] }), answer: error("ERR0015") },
  { path: "/operation/create", request: (s) => ({ ...newOne(s), applications: [] }), answer: error("ERR0024") },
  { path: "/operation/create", request: (s) => ({ ...newOne(s), timestampExpires: 1 }), answer: error("ERR0024") },
  { path: "/operation/create", request: (s) => ({ ...newOne(s), activationId: unknown }), answer: error("ERR0024") },
  { path: "/operation/detail", request: byId(), answer: operation({ additionalData: { channel: "web" } }) },
  { path: "/operation/detail", request: (s) => byId({ userId: s.user })(s), answer: operation() },
  { path: "/operation/detail", request: byId({ userId: "somebody else" }), answer: error("ERR0034") },
  { path: "/operation/detail", request: () => ({ operationId: unknown }), answer: error("ERR0034") },
  { path: "/operation/claim", request: (s) => byId({ userId: s.user })(s), answer: operation() },
  { path: "/operation/claim", request: byId({ userId: "somebody else" }), answer: error("ERR0034") },
  { path: "/operation/list", request: listRequest, answer: (s) => [operation()(s)] },
  { path: "/operation/list", request: (s) => ({ ...listRequest(s), pageNumber: 1000 }), answer: list() },
  { path: "/operation/list", request: (s) => ({ ...listRequest(s), applications: ["x"] }), answer: error("ERR0015") },
  { path: "/operation/list/pending", request: listRequest, answer: (s) => [operation()(s)] },
  {
    path: "/operation/list/external",
    request: ({ app }) => ({ externalId: "order 7", applications: [app.applicationId] }),
    answer: (s) => [operation()(s)],
  },

  {
    path: "/operation/approve",
    by: "decider",
    request: approval({ userId: "somebody else" }),
    answer: action("APPROVAL_FAILED", {}),
  },
  {
    path: "/operation/approve",
    by: "decider",
    request: approval({ data: "A1*A900CZK*Nrent" }),
    answer: action("APPROVAL_FAILED", { failureCount: 1 }),
  },
  {
    path: "/operation/approve",
    by: "decider",
    request: approval(),
    answer: action("APPROVED", {
      status: "APPROVED",
      failureCount: 1,
      additionalData: { channel: "web", a: 1 },
      ...finalized,
    }),
  },
  { path: "/operation/approve", by: "decider", request: approval(), answer: error("ERR0037") },
  { path: "/operation/approve", by: "decider", request: approval({ operationId: unknown }), answer: error("ERR0037") },
  { path: "/operation/approve", by: "decider", request: approval({ applicationId: "x" }), answer: error("ERR0015") },
  { path: "/operation/cancel", request: byId(), answer: error("ERR0036") },
  { path: "/operation/approve/fail", by: "decider", request: byId(), answer: error("ERR0036") },
  {
    path: "/operation/approve/fail",
    by: "decider",
    request: () => ({ operationId: unknown }),
    answer: error("ERR0034"),
  },

  fresh,
  {
    path: "/operation/reject",
    by: "decider",
    request: decision({ userId: "somebody else" }),
    answer: action("REJECT_FAILED", {}),
  },
  {
    path: "/operation/reject",
    by: "decider",
    request: decision({ additionalData: { rejectReason: "UNKNOWN" } }),
    answer: action("REJECTED", {
      status: "REJECTED",
      additionalData: { channel: "web", rejectReason: "UNKNOWN" },
      ...finalized,
    }),
  },
  { path: "/operation/reject", by: "decider", request: decision(), answer: error("ERR0038") },

  fresh,
  {
    path: "/operation/approve/fail",
    by: "decider",
    request: byId({ additionalData: {} }),
    answer: action("APPROVAL_FAILED", { failureCount: 1 }),
  },
  {
    path: "/operation/approve/fail",
    by: "decider",
    request: byId(),
    answer: action("OPERATION_FAILED", { status: "FAILED", failureCount: 2, ...finalized }),
  },

  fresh,
  { path: "/operation/cancel", request: byId({ statusReason: "x".repeat(33) }), answer: error("ERR0024") },
  {
    path: "/operation/cancel",
    request: byId({ statusReason: "OUT_OF_STOCK", additionalData: { b: 2 } }),
    answer: operation({
      status: "CANCELED",
      statusReason: "OUT_OF_STOCK",
      additionalData: { channel: "web", b: 2 },
      ...finalized,
    }),
  },
  { path: "/operation/cancel", request: () => ({ operationId: unknown }), answer: error("ERR0034") },
  { path: "/operation/template/remove", request: numbered(), answer: nothing },
  { path: "/operation/template/remove", request: numbered(), answer: error("ERR0033") },
  { path: "/operation/template/remove", request: () => ({ id: text.is }), answer: error("ERR0024") },
];
