/**
 * The tables, one type each, the same on both dialects.
 *
 * Ids are text, instants are epoch milliseconds, booleans are 0 or 1, structured values are JSON text, and bytes are
 * Base64 text: one spelling that SQLite, PostgreSQL and a JSON batch parameter all carry unchanged. Columns whose name
 * ends in `_sealed` hold ciphertext made by `keys/secrets.ts`. Every table has `tenant`, first in every unique key.
 */
export interface Schema {
  setting: SettingTable;
  signing_key: SigningKeyTable;
  api_client: ApiClientTable;
  application: ApplicationTable;
  application_version: ApplicationVersionTable;
  activation: ActivationTable;
  activation_history: ActivationHistoryTable;
  temporary_key: TemporaryKeyTable;
  token: TokenTable;
  replay: ReplayTable;
  operation_template: OperationTemplateTable;
  operation: OperationTable;
  operation_application: OperationApplicationTable;
  operation_attempt: OperationAttemptTable;
  decision: DecisionTable;
  idempotency: IdempotencyTable;
  audit_lane: AuditLaneTable;
  audit_event: AuditEventTable;
  audit_checkpoint: AuditCheckpointTable;
  sink: SinkTable;
  outbox: OutboxTable;
  display_template: DisplayTemplateTable;
  application_config: ApplicationConfigTable;
  offline_challenge: OfflineChallengeTable;
  push_gateway: PushGatewayTable;
  push_setting: PushSettingTable;
  push_device: PushDeviceTable;
  inbox_message: InboxMessageTable;
  inbox_message_application: InboxMessageApplicationTable;
  device_type: DeviceTypeTable;
  enrol_offer: EnrolOfferTable;
  container: ContainerTable;
  container_key: ContainerKeyTable;
  issued_transaction: IssuedTransactionTable;
  answered_transaction: AnsweredTransactionTable;
  direct_request: DirectRequestTable;
  user_approval: UserApprovalTable;
  otp_secret: OtpSecretTable;
  oidc_client: OidcClientTable;
  oidc_record: OidcRecordTable;
  user_code: UserCodeTable;
  user_code_try: UserCodeTryTable;
  authorization_type: AuthorizationTypeTable;
  console_session: ConsoleSessionTable;
  console_log_in: ConsoleLogInTable;
}

export interface SettingTable {
  tenant: string;
  name: string;
  value: string;
}

/** Keys that sign receipts and checkpoints. Retired ones stay published, so that old receipts keep verifying. */
export interface SigningKeyTable {
  tenant: string;
  kid: string;
  use: "receipt" | "checkpoint" | "approve" | "oidc";
  public_jwk: string;
  private_sealed: string;
  created_at: number;
  retired_at: number | null;
  /** `approve` keys but the first: the statement of the key before that names this one. */
  statement: string | null;
}

export interface ApiClientTable {
  tenant: string;
  id: string;
  name: string;
  /** Keyed hash of the random secret; the secret itself is shown once. */
  secret_hash: string;
  /** JSON array of permissions. */
  permissions: string;
  /** JSON array of application ids, or null for all of them. */
  applications: string | null;
  created_at: number;
}

export interface ApplicationTable {
  tenant: string;
  id: string;
  roles: string;
  master_public_key: string;
  master_private_sealed: string;
  /** Lowest protocol version that activations of this application may use, as `ProtocolVersion`. */
  min_version: string;
  created_at: number;
}

export interface ApplicationVersionTable {
  tenant: string;
  application_id: string;
  id: string;
  application_key: string;
  application_secret_sealed: string;
  supported: number;
  created_at: number;
}

export interface ActivationTable {
  tenant: string;
  id: string;
  application_id: string;
  user_id: string;
  status: ActivationStatus;
  blocked_reason: string | null;
  /** Present while CREATED only. */
  activation_code: string | null;
  commit_phase: "ON_COMMIT" | "ON_KEY_EXCHANGE";
  otp_validation: "NONE" | "ON_KEY_EXCHANGE" | "ON_COMMIT";
  otp_hash: string | null;
  name: string | null;
  platform: string | null;
  device_info: string | null;
  extras: string | null;
  external_id: string | null;
  additional_data: string | null;
  flags: string;
  failed_attempts: number;
  max_failed_attempts: number;
  counter: number;
  /** Base64 of the next expected CTR_DATA. Useless without the factor keys, so it is not sealed. */
  ctr_data: string | null;
  server_public_key: string;
  server_private_sealed: string;
  device_public_key: string | null;
  /** The seven derived keys of the activation, concatenated; see `activations/keys.ts`. */
  keys_sealed: string | null;
  /** Highest protocol version the activation has used: it may not go back below it. */
  version_floor: string | null;
  expires_at: number;
  created_at: number;
  changed_at: number;
  last_used_at: number;
  /**
   * Which device protocol the activation speaks. A container of the Approve protocol is an activation too: `counter` is
   * then the last accepted `seq`, `ctr_data` the digest of that answer, and the keys stand in `container_key`.
   */
  protocol: "powerauth" | "approve";
  /** The activation this one was spawned from, and what becomes of that one: SPAWN keeps it, MOVE ends it. */
  parent_activation_id: string | null;
  transfer_type: "SPAWN" | "MOVE" | null;
}

export type ActivationStatus = "CREATED" | "PENDING_COMMIT" | "ACTIVE" | "BLOCKED" | "REMOVED";

export interface ActivationHistoryTable {
  tenant: string;
  id: string;
  activation_id: string;
  status: ActivationStatus;
  reason: string | null;
  external_user_id: string | null;
  name: string | null;
  at: number;
}

export interface TemporaryKeyTable {
  tenant: string;
  id: string;
  application_id: string;
  application_key: string;
  /** Null in application scope. */
  activation_id: string | null;
  private_sealed: string;
  expires_at: number;
}

export interface TokenTable {
  tenant: string;
  id: string;
  activation_id: string;
  signature_type: string;
  secret_sealed: string;
  created_at: number;
}

/** What was used once: a token nonce, an envelope nonce. Unique on (tenant, subject, nonce). */
export interface ReplayTable {
  tenant: string;
  /** Id of the token or key the nonce belongs to. */
  subject: string;
  nonce: string;
  expires_at: number;
}

export interface OperationTemplateTable {
  tenant: string;
  /** Sequential number: existing integrations expect one. */
  id: number;
  name: string;
  operation_type: string;
  data_template: string;
  /** JSON array of upper-case factor combinations. */
  signature_types: string;
  max_failure_count: number;
  expiration_seconds: number;
  risk_flags: string | null;
  proximity_check: number;
  /** JSON: statuses, number matching and cancelling for Approve devices; null for the defaults. */
  approval: string | null;
}

export interface OperationTable {
  tenant: string;
  id: string;
  user_id: string | null;
  external_id: string | null;
  /** Only this activation may decide, when set. */
  activation_id: string | null;
  activation_flag: string | null;
  template_name: string;
  operation_type: string;
  data: string;
  parameters: string;
  additional_data: string;
  /** JSON array; the same ids stand in operation_application for look-ups. */
  applications: string;
  signature_types: string;
  status: OperationStatus;
  status_reason: string | null;
  failure_count: number;
  max_failure_count: number;
  risk_flags: string | null;
  created_at: number;
  expires_at: number;
  finalized_at: number | null;
  /** 16 bytes for the proximity check; null where none is asked for. */
  proximity_seed_sealed: string | null;
  /** JSON: what an Approve device is told and asked beside the form; null for the defaults. */
  approval: string | null;
  /** Keyed hash of the `auth_req_id` of the CIBA request that the decision resolves; null where there is none. */
  backchannel_id: string | null;
  /** The client's sink, which hears of the decision; null where the client asks by itself. */
  backchannel_sink: string | null;
}

/** PENDING is the only state with a way out; see `operations/operation.ts`. */
export type OperationStatus = "PENDING" | "APPROVED" | "REJECTED" | "CANCELED" | "EXPIRED" | "FAILED";

export interface OperationApplicationTable {
  tenant: string;
  operation_id: string;
  application_id: string;
}

/** One row per try to decide that reached the operation, whatever came of it. */
export interface OperationAttemptTable {
  tenant: string;
  id: string;
  operation_id: string;
  activation_id: string | null;
  action: "approve" | "reject" | "fail";
  outcome: string;
  at: number;
}

/** The claims of the receipt, fixed in the commit that decided. */
export interface DecisionTable {
  tenant: string;
  operation_id: string;
  claims: string;
  at: number;
}

export interface IdempotencyTable {
  tenant: string;
  client_id: string;
  key: string;
  request_digest: string;
  operation_id: string;
  expires_at: number;
}

/** A writer of the audit: one process start, one purpose. */
export interface AuditLaneTable {
  tenant: string;
  id: string;
  epoch: number;
  purpose: "flush" | "ordinary";
  /** Hash of the checkpoint that the first entry is linked to; empty text when there is none. */
  linked_to: string;
  opened_at: number;
  /** Head of this lane in the last checkpoint that names it; -1 while none does. */
  covered_seq: number;
}

export interface AuditEventTable {
  tenant: string;
  lane: string;
  seq: number;
  id: string;
  type: string;
  subject: string;
  at: number;
  salt: string | null;
  payload: string | null;
  /** SHA-256 over salt and payload: what the chain covers, so that both can be erased. */
  payload_digest: string;
  previous_hash: string;
  hash: string;
}

export interface AuditCheckpointTable {
  tenant: string;
  seq: number;
  /** Compact JWS over the heads of all lanes and the previous checkpoint's hash. */
  statement: string;
  hash: string;
  at: number;
}

/**
 * The first two are callbacks in PowerAuth form; WEBHOOK sends events as they are. The last two belong to
 * the push gateways of an application: messages that were asked for, and those about finished operations.
 */
export type SinkType =
  | "ACTIVATION_STATUS_CHANGE"
  | "OPERATION_STATUS_CHANGE"
  | "WEBHOOK"
  | "BACKCHANNEL"
  | "SECURITY_EVENTS"
  | "PUSH"
  | "PUSH_FINISHED";

/** A configured receiver of events. Outbox rows exist only for these. */
export interface SinkTable {
  tenant: string;
  id: string;
  application_id: string;
  name: string;
  url: string;
  type: SinkType;
  /** JSON array of attribute names to send; callbacks in PowerAuth form only. */
  attributes: string;
  enabled: number;
  created_at: number;
  /** JSON: how the receiver wants to be convinced of us (client certificate, Basic, OAuth 2). */
  authentication_sealed: string | null;
  /** JSON: keys of the HMAC over each body; see `notifications/signing-secret.ts`. */
  signing_secret_sealed: string | null;
  /** These three override the retry policy; null for its values. */
  max_attempts: number | null;
  initial_backoff_ms: number | null;
  retention_seconds: number | null;
}

export interface OutboxTable {
  tenant: string;
  id: string;
  sink_id: string;
  event: string;
  state: "PENDING" | "DONE" | "DEAD";
  attempts: number;
  due_at: number;
  locked_until: number;
  /** Code of the last failed try; never a text of the receiver. */
  last_failure: string | null;
  /** When the row became DONE or DEAD. */
  settled_at: number | null;
}

/** How operations of a type are shown in a language. */
export interface DisplayTemplateTable {
  tenant: string;
  operation_type: string;
  /** Language subtag, lower case. */
  language: string;
  title: string;
  message: string;
  /** JSON objects and arrays, with `${parameter}` places in their texts. */
  result_texts: string | null;
  attributes: string;
  ui: string | null;
  updated_at: number;
}

/** Settings of an application that hold secrets, such as its OpenID providers. */
export interface ApplicationConfigTable {
  tenant: string;
  /** Key and application, so that the values are bound to both. */
  id: string;
  application_id: string;
  key: string;
  /** JSON array. */
  values_sealed: string;
  updated_at: number;
}

/** The nonce of the QR codes of an operation for an activation, the same however often the code is shown. */
export interface OfflineChallengeTable {
  tenant: string;
  operation_id: string;
  activation_id: string;
  /** Base64 of 16 bytes. */
  nonce: string;
  /** In which the newest code shows the operation. */
  language: string;
  created_at: number;
}

export type PushPlatform = "apns" | "fcm" | "hms" | "web";

/** How to reach the push gateway of a platform for an application. */
export interface PushGatewayTable {
  tenant: string;
  /** Platform and application, so that the settings are bound to both. */
  id: string;
  application_id: string;
  platform: PushPlatform;
  /** JSON. */
  settings_sealed: string;
  updated_at: number;
}

/** What push messages of an application say, and when they are sent unasked. */
export interface PushSettingTable {
  tenant: string;
  application_id: string;
  /** JSON: kind of message → language → title and body. */
  texts: string;
  /** Whether devices hear of finished operations as well. */
  finished: number;
  updated_at: number;
}

/** One registration for each activation; a push token belongs to the activation that registered it last. */
export interface PushDeviceTable {
  tenant: string;
  activation_id: string;
  application_id: string;
  user_id: string;
  platform: PushPlatform;
  /** APNs only. */
  environment: "development" | "production" | null;
  /** Language subtag of the registering request. */
  language: string;
  token_sealed: string;
  /** Keyed hash, to find a token that another activation had. */
  token_hash: string;
  registered_at: number;
}

export interface InboxMessageTable {
  tenant: string;
  id: string;
  user_id: string;
  type: "text" | "html";
  /** JSON: language → subject, summary, body. */
  texts: string;
  created_at: number;
  read_at: number | null;
}

export interface InboxMessageApplicationTable {
  tenant: string;
  application_id: string;
  message_id: string;
}

/** What kind of Approve device may enrol, and by which rules. */
export interface DeviceTypeTable {
  tenant: string;
  id: string;
  application_id: string;
  /** Of one user; 0 for any number. */
  max_devices: number;
  /** JSON: platforms with lowest and highest version, hardware keys, rooted devices, and what a refused user reads. */
  rules: string;
  /** JSON: policy id → policy, and which policy each use of a key has. */
  policies: string;
  /** Days until keys have to be renewed, 0 for never. */
  key_days: number;
  /** JSON: what follows a report, unanswered and denied transactions. */
  countermeasures: string;
  /** JSON: cancel, direct, renew, otp. */
  features: string;
  /** API client that may redeem what devices sign directly, unless they say otherwise. */
  default_client: string | null;
  /** JSON array: one-time-password secrets that each device gets. */
  otp: string;
  updated_at: number;
}

export interface EnrolOfferTable {
  tenant: string;
  /** `jti` of the offer. */
  id: string;
  device_type: string;
  user_id: string;
  code_hash: string;
  invite_hash: string | null;
  /** Digest of the request that used it up: the same request gets the same answer. */
  request_digest: string | null;
  activation_id: string | null;
  created_at: number;
  expires_at: number;
}

/** What an Approve activation has beside the row it shares with PowerAuth ones. */
export interface ContainerTable {
  tenant: string;
  activation_id: string;
  device_type: string;
  /** JSON, as enrolled. */
  policies: string;
  /** JSON: what the device said of itself. */
  info: string;
  transcript: string;
  /** JSON: digest of the renewal that waits for its acknowledgement. */
  renewal: string | null;
  renew_before: number | null;
  deletion_reason: string | null;
}

export interface ContainerKeyTable {
  tenant: string;
  activation_id: string;
  kid: string;
  use: "auth" | "tx" | "enc" | "pop";
  public_jwk: string;
  policy: string;
  /** PENDING keys wait for the acknowledgement of a renewal. */
  state: "PENDING" | "ACTIVE" | "RETIRED";
  created_at: number;
  expires_at: number | null;
}

/** The transaction as one container was told it: fetched again, it is the same, byte for byte. */
export interface IssuedTransactionTable {
  tenant: string;
  operation_id: string;
  activation_id: string;
  nonce: string;
  message_sealed: string;
  shown_digest: string;
  language: string;
  issued_at: number;
}

/** Answers that are final: who signs the same again gets the same answer (APV-RES-4). */
export interface AnsweredTransactionTable {
  tenant: string;
  operation_id: string;
  activation_id: string;
  message_digest: string;
  outcome: string;
  at: number;
}

/** What a device signed directly, until the client that it names redeems it. */
export interface DirectRequestTable {
  tenant: string;
  id: string;
  operation_id: string;
  client_id: string;
  /** Of the device's message: the same one gets the same id again. */
  message_digest: string;
  expires_at: number;
  redeemed_at: number | null;
}

/** Whether a user gets no transactions, over all devices. Users who were never suspended have no row. */
export interface UserApprovalTable {
  tenant: string;
  user_id: string;
  /** Of the device or the transaction that it began with. */
  application_id: string | null;
  /** Epoch ms, -1 until somebody unblocks; null when somebody did. */
  suspended_until: number | null;
  suspended_for: "report" | "unanswered" | "denied" | null;
  /** Without an approval in between. */
  suspensions: number;
  /** Of the last suspension or unblocking; what came before is not counted again. */
  changed_at: number;
}

export interface OtpSecretTable {
  tenant: string;
  activation_id: string;
  label: string;
  type: "HOTP" | "TOTP" | "OCRA";
  secret_sealed: string;
  digits: number;
  algorithm: "SHA1" | "SHA256" | "SHA512";
  period: number | null;
  suite: string | null;
  /** OCRA, JSON: what the server asked last and waits for an answer to, with the device's own challenge if it had one. */
  challenge: string | null;
  challenge_expires_at: number | null;
  /** Next counter of HOTP and OCRA, or last accepted step of time plus one. */
  counter: number;
  failed_attempts: number;
  max_failed_attempts: number;
}

/** A relying party that speaks OpenID. */
export interface OidcClientTable {
  tenant: string;
  id: string;
  name: string;
  /** JSON: OpenID client metadata and our own settings, without anything secret. */
  metadata: string;
  /** JSON of the secret members of the metadata. */
  secret_sealed: string | null;
  /** Receiver of pings and pushed tokens; null where the client asks by itself. */
  sink_id: string | null;
  created_at: number;
  changed_at: number;
}

/** What the OpenID provider keeps: requests, grants, tokens, proofs it has seen. */
export interface OidcRecordTable {
  tenant: string;
  /** Name of the provider's model. */
  model: string;
  /** Keyed hash: ids are bearer tokens. */
  id: string;
  payload_sealed: string;
  /** Keyed hashes, for look-ups. */
  grant_id: string | null;
  uid: string | null;
  /** 1 where nothing may be written over it. */
  final: number;
  /** Set once, by the one who redeems it. */
  consumed_at: number | null;
  /** Kept for a while longer, so that who comes late is told so. */
  expires_at: number;
}

/** The word a user agreed on for CIBA requests. */
export interface UserCodeTable {
  tenant: string;
  user_id: string;
  /** Salt and slow hash. */
  code_sealed: string;
  changed_at: number;
}

/** User codes that one client tried for one user, since when. */
export interface UserCodeTryTable {
  tenant: string;
  user_id: string;
  client_id: string;
  tries: number;
  since: number;
}

/** A type of `authorization_details` (RFC 9396): its schema, and the operation that is made of it. */
export interface AuthorizationTypeTable {
  tenant: string;
  type: string;
  /** Of the operations. */
  template: string;
  /** JSON Schema of the details. */
  schema: string;
  /** JSON: parameter of the template → JSON pointer into the details. */
  parameters: string;
  updated_at: number;
}

/** A browser that an operator signed in with at the console: with an API client, or as somebody an OpenID provider named. */
export interface ConsoleSessionTable {
  tenant: string;
  /** Keyed hash of the token in the browser's cookie. */
  id: string;
  client_id: string | null;
  /** JSON of `Operator`. */
  operator: string | null;
  created_at: number;
  /** When the operator last did something. */
  used_at: number;
  expires_at: number;
}

/** A log-in at the OpenID provider that was begun at the console and not ended. */
export interface ConsoleLogInTable {
  tenant: string;
  /** Keyed hash of the token in the browser's cookie. */
  id: string;
  expires_at: number;
}
