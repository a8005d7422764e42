/** Columns of the tables a flush writes, with their types: what the hot statements of both dialects are made from. */
import type * as schema from "./schema.ts";

export type ColumnType = "text" | "bigint";
type Columns<T> = Readonly<Record<keyof T, ColumnType>>;

const text = "text";
const bigint = "bigint";

const replay: Columns<schema.ReplayTable> = { tenant: text, subject: text, nonce: text, expires_at: bigint };

const idempotency: Columns<schema.IdempotencyTable> = {
  tenant: text,
  client_id: text,
  key: text,
  request_digest: text,
  operation_id: text,
  expires_at: bigint,
};

const operation: Columns<schema.OperationTable> = {
  tenant: text,
  id: text,
  user_id: text,
  external_id: text,
  activation_id: text,
  activation_flag: text,
  template_name: text,
  operation_type: text,
  data: text,
  parameters: text,
  additional_data: text,
  applications: text,
  signature_types: text,
  status: text,
  status_reason: text,
  failure_count: bigint,
  max_failure_count: bigint,
  risk_flags: text,
  created_at: bigint,
  expires_at: bigint,
  finalized_at: bigint,
  proximity_seed_sealed: text,
  approval: text,
  backchannel_id: text,
  backchannel_sink: text,
};

const operation_application: Columns<schema.OperationApplicationTable> = {
  tenant: text,
  operation_id: text,
  application_id: text,
};

const token: Columns<schema.TokenTable> = {
  tenant: text,
  id: text,
  activation_id: text,
  signature_type: text,
  secret_sealed: text,
  created_at: bigint,
};

const operation_attempt: Columns<schema.OperationAttemptTable> = {
  tenant: text,
  id: text,
  operation_id: text,
  activation_id: text,
  action: text,
  outcome: text,
  at: bigint,
};

const activation_history: Columns<schema.ActivationHistoryTable> = {
  tenant: text,
  id: text,
  activation_id: text,
  status: text,
  reason: text,
  external_user_id: text,
  name: text,
  at: bigint,
};

const decision: Columns<schema.DecisionTable> = { tenant: text, operation_id: text, claims: text, at: bigint };

const answered_transaction: Columns<schema.AnsweredTransactionTable> = {
  tenant: text,
  operation_id: text,
  activation_id: text,
  message_digest: text,
  outcome: text,
  at: bigint,
};

const direct_request: Columns<schema.DirectRequestTable> = {
  tenant: text,
  id: text,
  operation_id: text,
  client_id: text,
  message_digest: text,
  expires_at: bigint,
  redeemed_at: bigint,
};

const oidc_record: Columns<schema.OidcRecordTable> = {
  tenant: text,
  model: text,
  id: text,
  payload_sealed: text,
  grant_id: text,
  uid: text,
  final: bigint,
  consumed_at: bigint,
  expires_at: bigint,
};

const audit_event: Columns<schema.AuditEventTable> = {
  tenant: text,
  lane: text,
  seq: bigint,
  id: text,
  type: text,
  subject: text,
  at: bigint,
  salt: text,
  payload: text,
  payload_digest: text,
  previous_hash: text,
  hash: text,
};

/** Tables a flush only inserts into. Every insert must write exactly its rows, or the flush is repeated. */
export const inserted = {
  replay,
  idempotency,
  operation,
  operation_application,
  token,
  operation_attempt,
  activation_history,
  decision,
  answered_transaction,
  direct_request,
  oidc_record,
  audit_event,
} as const;

export type InsertedTable = keyof typeof inserted;
export const insertedTables = Object.keys(inserted) as InsertedTable[];

/** What an activation may change to, and what must still be true of it. `was_…` carries the expected value. */
export const activationSet = {
  counter: bigint,
  ctr_data: text,
  failed_attempts: bigint,
  status: text,
  blocked_reason: text,
  version_floor: text,
  name: text,
  changed_at: bigint,
  last_used_at: bigint,
} as const satisfies Partial<Columns<schema.ActivationTable>>;
export const activationGuard = ["counter", "ctr_data", "failed_attempts", "status"] as const;

export const operationSet = {
  status: text,
  status_reason: text,
  failure_count: bigint,
  user_id: text,
  additional_data: text,
  finalized_at: bigint,
} as const satisfies Partial<Columns<schema.OperationTable>>;
export const operationGuard = ["status", "failure_count", "user_id"] as const;

const { tenant: _tenant, model: _model, id: _id, ...recordSet } = oidc_record;
/** All but what names a record. */
export { recordSet };
export const recordGuard = ["final", "consumed_at"] as const;

/** A container with its keys, of whatever tenant and activation the statement adds after it. */
export const containerKeys = `select c.*, k.kid, k.use, k.public_jwk, k.policy, k.state, k.expires_at
  from container c join container_key k
    on k.tenant = c.tenant and k.activation_id = c.activation_id and k.state <> 'RETIRED'`;
