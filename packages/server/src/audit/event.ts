/** The closed list of things that are recorded, and the one shape every event has, in audit, webhooks and streams. */

export type EventType =
  | "application.created"
  | "application.version.created"
  | "application.version.supported"
  | "application.version.unsupported"
  | "application.roles.changed"
  | "application.configured"
  | "data.imported"
  | "template.created"
  | "template.updated"
  | "template.removed"
  | "display-template.set"
  | "display-template.removed"
  | "api-client.created"
  | "api-client.removed"
  | "oidc-client.created"
  | "oidc-client.changed"
  | "oidc-client.removed"
  | "authorization-type.set"
  | "authorization-type.removed"
  | "oidc-client.invited"
  | "user-code.set"
  | "user-code.removed"
  | "console.signed-in"
  | "console.signed-out"
  | "console.refused"
  | "activation.created"
  | "activation.prepared"
  | "activation.committed"
  | "activation.blocked"
  | "activation.unblocked"
  | "activation.removed"
  | "activation.expired"
  | "activation.renamed"
  | "activation.flags.changed"
  | "activation.otp.failed"
  | "activation.otp.changed"
  | "signature.accepted"
  | "signature.failed"
  | "token.created"
  | "token.removed"
  | "vault.unlocked"
  | "operation.created"
  | "operation.approved"
  | "operation.rejected"
  | "operation.canceled"
  | "operation.expired"
  | "operation.failed"
  | "operation.attempt.failed"
  | "operation.claimed"
  | "backchannel.due"
  | "push.requested"
  | "push.gateway.changed"
  | "push.gateway.removed"
  | "push.setting.changed"
  | "push.device.registered"
  | "push.device.removed"
  | "inbox.message.created"
  | "inbox.message.read"
  | "inbox.message.removed"
  | "sink.created"
  | "sink.updated"
  | "sink.secret.rotated"
  | "sink.removed"
  | "device-type.changed"
  | "device-type.removed"
  | "offer.created"
  | "container.clone-suspected"
  | "user.suspended"
  | "user.unblocked"
  | "direct-request.redeemed"
  | "container.changed"
  | "container.renewal.started"
  | "container.renewed"
  | "enrolment.failed"
  | "otp.accepted"
  | "otp.failed"
  | "otp.blocked"
  | "audit.started"
  | "audit.erased"
  | "key.rotated";

/** What a verb hands over; the store adds id, tenant, place and time. */
export interface EventDraft {
  readonly type: EventType;
  /** Id of the activation, operation, application, … the event is about. */
  readonly subject: string;
  /** Applications whose sinks may hear of it. */
  readonly applications: readonly string[];
  /** The only sink that may hear of it; all that listen when absent. */
  readonly sink?: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The shape outside: `ver` is the version of `data` for this `type`; `seq` the position in the writer's lane. */
export interface Event {
  readonly id: string;
  readonly type: EventType;
  readonly ver: 1;
  readonly tenant: string;
  readonly subject: string;
  readonly seq: number;
  readonly at: number;
  readonly data: Readonly<Record<string, unknown>>;
}
