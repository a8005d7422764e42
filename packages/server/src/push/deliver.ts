/**
 * What the outbox does with an event for a push sink: finds out whether it is still worth telling, and whom, and sends.
 *
 * At least once: when one device of several cannot be reached, all are written to again. Each message replaces the
 * earlier one of the same subject, so that nobody sees it twice.
 */
import { findContainer } from "../approve/container.ts";
import { referenceFor } from "../approve/transactions/reference.ts";
import type { Event } from "../audit/event.ts";
import type { Deps } from "../deps.ts";
import type { Channel, Outcome } from "../notifications/delivery/channels.ts";
import { statusAt } from "../operations/operation.ts";
import type { OperationRow } from "../store/store.ts";
import type { ReachableDevice } from "./device.ts";
import { findPushSetting, type PushSetting } from "./configure.ts";
import { reachableDevices } from "./list.ts";
import type { PushMessage } from "./message.ts";
import type { PushRequest } from "./request.ts";
import { noGateway, sendToDevices, type SendDeps, type SentTo } from "./send.ts";
import { type PushKind, pushText } from "./texts.ts";

type TellDeps = SendDeps & Pick<Deps, "signingKeys" | "publicUrl">;

/** One event for the devices of one application. */
export function pushChannel(deps: TellDeps): Channel {
  return async ({ event, sink }) => sumUp(await tell(deps, event, sink.application_id));
}

async function tell(
  deps: TellDeps,
  event: Pick<Event, "type" | "subject" | "data">,
  applicationId: string,
): Promise<readonly SentTo[]> {
  const place = { applicationId, subject: event.subject, setting: await findPushSetting(deps, applicationId) };
  if (event.type !== "push.requested") return tellFinished(deps, place);
  const request = event.data as unknown as PushRequest;
  switch (request.about) {
    case "operation":
      return tellCreated(deps, place, request.silent);
    case "inbox":
      return tellInbox(deps, place, request);
    case "message":
      return tellMessage(deps, place, request);
  }
}

interface Place {
  readonly applicationId: string;
  readonly subject: string;
  readonly setting: PushSetting;
}

/** Nobody is called to what was decided or ran out meanwhile. */
async function tellCreated(deps: TellDeps, place: Place, silent: boolean): Promise<readonly SentTo[]> {
  const operation = await deps.store.findOperation(place.subject);
  const now = await deps.store.now();
  if (operation === undefined || statusAt(operation, now) !== "PENDING") return [];
  return tellOperation(deps, place, operation, now, {
    kind: "operationCreated",
    extras: { messageType: "mtoken.operationInit" },
    silent,
    validUntil: operation.expires_at,
  });
}

const results = {
  APPROVED: "authentication.success",
  REJECTED: "operation.canceled",
  CANCELED: "operation.canceled",
  EXPIRED: "operation.timeout",
  FAILED: "authentication.fail",
} as const;

async function tellFinished(deps: TellDeps, place: Place): Promise<readonly SentTo[]> {
  const operation = await deps.store.findOperation(place.subject);
  if (operation === undefined || operation.status === "PENDING") return [];
  return tellOperation(deps, place, operation, await deps.store.now(), {
    kind: "operationFinished",
    extras: { messageType: "mtoken.operationFinished", mtokenOperationResult: results[operation.status] },
    silent: false,
  });
}

interface Told {
  readonly kind: PushKind;
  readonly extras: Readonly<Record<string, string>>;
  readonly silent: boolean;
  readonly validUntil?: number;
}

/** The devices that could decide the operation, where its user is known. */
async function tellOperation(
  deps: TellDeps,
  { applicationId, setting }: Place,
  operation: OperationRow,
  now: number,
  told: Told,
): Promise<readonly SentTo[]> {
  if (operation.user_id === null) return [];
  const devices = await reachableDevices(
    deps,
    {
      applicationId,
      userId: operation.user_id,
      activationId: operation.activation_id ?? undefined,
      flag: operation.activation_flag ?? undefined,
    },
    true,
  );
  const extras = { ...told.extras, operationId: operation.id, operationName: operation.operation_type };
  const message = messageOf({ ...told, extras }, setting, operation.id);
  const asked = told.kind === "operationCreated" ? devices : devices.filter(({ protocol }) => protocol !== "approve");
  const references = await referencesFor(deps, operation, asked, now);
  return sendToDevices(
    deps,
    asked,
    (device) => withReference(message(device), references.get(device.activationId)),
    now,
  );
}

/** What Approve devices get in place of everything else: a reference (APV-REF-1). */
async function referencesFor(
  deps: TellDeps,
  operation: OperationRow,
  devices: readonly ReachableDevice[],
  now: number,
): Promise<ReadonlyMap<string, string>> {
  const references = new Map<string, string>();
  for (const { activationId, protocol } of devices) {
    const container = protocol === "approve" ? await findContainer(deps, activationId) : undefined;
    if (container !== undefined) references.set(activationId, await referenceFor(deps, operation, container, now));
  }
  return references;
}

function withReference(message: PushMessage, tds: string | undefined): PushMessage {
  return tds === undefined ? message : { ...message, extras: { tds } };
}

/** Nobody is called to what was read or taken back meanwhile. */
async function tellInbox(
  deps: TellDeps,
  { applicationId, subject, setting }: Place,
  { userId, silent }: { readonly userId: string; readonly silent: boolean },
): Promise<readonly SentTo[]> {
  const message = await deps.store.read
    .selectFrom("inbox_message")
    .select("read_at")
    .where("tenant", "=", deps.store.tenant)
    .where("id", "=", subject)
    .executeTakeFirst();
  if (message?.read_at !== null) return [];
  const devices = await reachableDevices(deps, { applicationId, userId }, true);
  const extras = { messageType: "mtoken.inboxMessage.new", inboxId: subject };
  const told: Told = { kind: "inboxMessage", extras, silent };
  return sendToDevices(deps, devices, messageOf(told, setting, subject), await deps.store.now());
}

function messageOf(told: Told, { texts }: PushSetting, collapseKey: string) {
  return (device: { readonly activationId: string; readonly language: string }): PushMessage => ({
    content: pushText(texts, told.kind, device.language),
    extras: { ...told.extras, activationId: device.activationId },
    silent: told.silent,
    priority: told.silent ? "normal" : "high",
    collapseKey,
    ...(told.validUntil !== undefined && { validUntil: told.validUntil }),
  });
}

async function tellMessage(
  deps: TellDeps,
  { applicationId }: Place,
  { userId, activationId, activeOnly, message }: Extract<PushRequest, { about: "message" }>,
): Promise<readonly SentTo[]> {
  const devices = await reachableDevices(deps, { applicationId, userId, activationId }, activeOnly);
  return sendToDevices(deps, devices, () => message, await deps.store.now());
}

/** A device that a gateway refuses for good is not asked again; one that holds out hope is, with all the others. */
function sumUp(sent: readonly SentTo[]): Outcome {
  const failures = sent
    .flatMap(({ sending }) => (sending.kind === "failed" ? [sending] : []))
    // A device of a platform that the application does not serve, or not yet.
    .filter(({ code }) => code !== noGateway);
  const passing = failures.find(({ again }) => again);
  if (passing !== undefined) return { failed: passing.code, ofOne: true };
  return failures[0] === undefined ? { delivered: true } : { failed: failures[0].code, ofOne: true, final: true };
}
