/** `/rest/v3/activation/*`: what operators do with activations that exist: find, block, mark, rename, remove. */
import { Type } from "typebox";
import type { ApiClient } from "../../accounts/api-client.ts";
import { flagsOf } from "../../activations/activation.ts";
import { blockActivation, unblockActivation, updateStatuses } from "../../activations/block.ts";
import { addFlags, listFlags, removeFlags, setFlags } from "../../activations/flags.ts";
import { activationHistory, listActivations, lookupActivations } from "../../activations/list.ts";
import { removeActivation } from "../../activations/remove.ts";
import { renameActivation } from "../../activations/rename.ts";
import type { Deps } from "../../deps.ts";
import { isRefusal } from "../../errors.ts";
import type { ActivationRow } from "../../store/store.ts";
import { epochMs, id, instant, isoDate, name, numericId, orNull, text } from "../members.ts";
import type { Api } from "../surfaces.ts";
import { findActivationFor, requireActivation } from "./activation-access.ts";
import { call, requireApplications } from "./call.ts";

const either = ["integrate", "operate"] as const;
const externalUserId = orNull(name);
const status = Type.Enum(["CREATED", "PENDING_COMMIT", "ACTIVE", "BLOCKED", "REMOVED"]);

const listRequest = Type.Object({
  userId: name,
  applicationId: orNull(name),
  protocols: orNull(Type.Array(text(32), { maxItems: 10 })),
  pageNumber: orNull(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
  pageSize: orNull(Type.Integer({ minimum: 1, maximum: 1000 })),
  activationStatuses: orNull(Type.Array(status, { maxItems: 5 })),
});

const lookupRequest = Type.Object({
  userIds: Type.Array(name, { minItems: 1, maxItems: 1000 }),
  applicationIds: orNull(Type.Array(name, { maxItems: 100 })),
  timestampLastUsedBefore: orNull(instant),
  timestampLastUsedAfter: orNull(instant),
  activationStatus: orNull(status),
  activationFlags: orNull(Type.Array(name, { maxItems: 100 })),
});

const historyRequest = Type.Object({ activationId: id, timestampFrom: orNull(instant), timestampTo: orNull(instant) });
const manyRequest = Type.Object({
  activationIds: Type.Array(id, { minItems: 1, maxItems: 1000 }),
  activationStatus: status,
});

export function activationCareRoutes(app: Api, deps: Deps): void {
  statusRoutes(app, deps);
  flagRoutes(app, deps);

  call(app, "/activation/list", either, listRequest, async (input, client) => {
    const { applicationId } = input;
    if (typeof applicationId === "string") requireApplications(client, applicationId);
    // FIDO2 registrations are none of ours.
    if (input.protocols?.includes("powerauth") === false && input.protocols.length > 0)
      return { userId: input.userId, activations: [] };
    const rows = await listActivations(deps, {
      userId: input.userId,
      applicationIds: typeof applicationId === "string" ? [applicationId] : ownApplications(client),
      statuses: input.activationStatuses ?? undefined,
      page: input.pageNumber ?? 0,
      pageSize: input.pageSize ?? 500,
    });
    return { userId: input.userId, activations: rows.map(activationObject) };
  });

  call(app, "/activation/lookup", either, lookupRequest, async (input, client) => {
    const named = input.applicationIds ?? undefined;
    requireApplications(client, ...(named ?? []));
    const rows = await lookupActivations(deps, {
      userIds: input.userIds,
      applicationIds: named === undefined || named.length === 0 ? ownApplications(client) : named,
      lastUsedBefore: date(input.timestampLastUsedBefore, "timestampLastUsedBefore"),
      lastUsedAfter: date(input.timestampLastUsedAfter, "timestampLastUsedAfter"),
      status: input.activationStatus ?? undefined,
      flags: input.activationFlags ?? undefined,
    });
    return { activations: rows.map(activationObject) };
  });

  call(app, "/activation/history", either, historyRequest, async (input, client) => {
    if ((await findActivationFor(deps, client, input.activationId)) === undefined) return { items: [] };
    const items = await activationHistory(deps, {
      activationId: input.activationId,
      from: date(input.timestampFrom, "timestampFrom"),
      to: date(input.timestampTo, "timestampTo"),
    });
    return {
      items: items.map((item) => ({
        id: numericId(item.id),
        activationId: item.activationId,
        activationStatus: item.status,
        eventReason: item.reason,
        externalUserId: item.externalUserId,
        activationName: item.name,
        version: 3,
        timestampCreated: isoDate(item.at),
      })),
    };
  });

  const renameRequest = Type.Object({ activationId: id, activationName: name, externalUserId });
  call(app, "/activation/name/update", either, renameRequest, async (input, client) => {
    const { activationId, activationName } = input;
    await requireActivation(deps, client, activationId);
    const renamed = await renameActivation(deps, { activationId, name: activationName, ...asked(input, client) });
    if (isRefusal(renamed)) return renamed;
    return { activationId, activationName: renamed.name, activationStatus: renamed.status };
  });
}

function statusRoutes(app: Api, deps: Deps): void {
  const blockRequest = Type.Object({ activationId: id, reason: orNull(name), externalUserId });
  call(app, "/activation/block", either, blockRequest, async (input, client) => {
    const { activationId } = input;
    await requireActivation(deps, client, activationId);
    const reason = input.reason ?? undefined;
    const blocked = await blockActivation(deps, { activationId, reason, ...asked(input, client) });
    if (isRefusal(blocked)) return blocked;
    return { activationId, activationStatus: blocked.status, blockedReason: blocked.blocked_reason };
  });

  const changeRequest = Type.Object({ activationId: id, externalUserId });
  call(app, "/activation/unblock", either, changeRequest, async (input, client) => {
    const { activationId } = input;
    await requireActivation(deps, client, activationId);
    const unblocked = await unblockActivation(deps, { activationId, ...asked(input, client) });
    return isRefusal(unblocked) ? unblocked : { activationId, activationStatus: unblocked.status };
  });

  call(app, "/activation/remove", either, changeRequest, async (input, client) => {
    const { activationId } = input;
    await requireActivation(deps, client, activationId);
    const removed = await removeActivation(deps, { activationId, ...asked(input, client) });
    return isRefusal(removed) ? removed : { activationId, removed: true };
  });

  call(app, "/activation/status/update", either, manyRequest, async (input, client) => {
    for (const activationId of input.activationIds) await requireActivation(deps, client, activationId);
    const { activationIds, activationStatus } = input;
    return updateStatuses(deps, { activationIds, status: activationStatus, clientId: client.id });
  });
}

function flagRoutes(app: Api, deps: Deps): void {
  call(app, "/activation/flags/list", either, Type.Object({ activationId: id }), async ({ activationId }, client) => {
    await requireActivation(deps, client, activationId);
    const flags = await listFlags(deps, activationId);
    return isRefusal(flags) ? flags : { activationId, activationFlags: flags };
  });

  const flagsRequest = Type.Object({ activationId: id, activationFlags: Type.Array(name, { maxItems: 100 }) });
  for (const [action, change] of [
    ["create", addFlags],
    ["update", setFlags],
    ["remove", removeFlags],
  ] as const) {
    call(app, `/activation/flags/${action}`, "integrate", flagsRequest, async (input, client) => {
      const { activationId } = input;
      await requireActivation(deps, client, activationId);
      const flags = await change(deps, { activationId, flags: input.activationFlags, clientId: client.id });
      return isRefusal(flags) ? flags : { activationId, activationFlags: flags };
    });
  }
}

function asked(input: { readonly externalUserId?: string | null }, client: ApiClient) {
  return { externalUserId: input.externalUserId ?? undefined, clientId: client.id };
}

function ownApplications(client: ApiClient): readonly string[] | undefined {
  return client.applications === undefined ? undefined : [...client.applications];
}

function date(value: string | number | null | undefined, member: string): number | undefined {
  return value === null || value === undefined ? undefined : epochMs(value, member);
}

/** PowerAuth back office, activation in lists. Members without a value are null. */
function activationObject(row: ActivationRow) {
  return {
    activationId: row.id,
    activationStatus: row.status,
    blockedReason: row.blocked_reason,
    activationName: row.name,
    extras: row.extras,
    protocol: "powerauth",
    externalId: row.external_id,
    platform: row.platform,
    deviceInfo: row.device_info,
    activationFlags: flagsOf(row),
    timestampCreated: isoDate(row.created_at),
    timestampLastUsed: isoDate(row.last_used_at),
    timestampLastChange: isoDate(row.changed_at),
    userId: row.user_id,
    applicationId: row.application_id,
    applicationName: row.application_id,
    devicePublicKeyBase64: row.device_public_key,
    version: 3,
    failedAttempts: row.failed_attempts,
    maxFailedAttempts: row.max_failed_attempts,
  };
}
