/** Activations with their keys and counters: what makes a device go on without noticing. */
import { fromBase64, toBase64 } from "@countersign/protocol/bytes";
import { isActivationCode } from "@countersign/protocol/powerauth/activation-code";
import { activationKeys, masterSecret } from "@countersign/protocol/powerauth/keys";
import { isName } from "../applications/application.ts";
import { historyRow, isText } from "../activations/activation.ts";
import { isOtpHash } from "../activations/otp.ts";
import { sealActivationKeys, serverKeyPlace } from "../activations/keys.ts";
import type { ActivationStatus, ActivationTable } from "../store/schema.ts";
import type { Change } from "../store/store.ts";
import { parsed, textsIn } from "./applications.ts";
import type { Import } from "./import.ts";
import { openKeyPair, openPoint } from "./keys.ts";
import { openBytes } from "./record-encryption.ts";
import type { SourceRow } from "./source.ts";

const table = "pa_activation";

const columns = {
  activation_id: "text",
  application_id: "number",
  user_id: "text",
  activation_name: "text",
  activation_code: "text",
  activation_status: "number",
  activation_otp: "text",
  activation_otp_validation: "number",
  commit_phase: "number",
  blocked_reason: "text",
  counter: "number",
  ctr_data: "text",
  device_public_key_base64: "text",
  extras: "text",
  platform: "text",
  device_info: "text",
  flags: "text",
  external_id: "text",
  additional_data: "text",
  failed_attempts: "number",
  max_failed_attempts: "number",
  server_private_key_base64: "text",
  server_private_key_encryption: "text",
  server_public_key_base64: "text",
  timestamp_activation_expire: "instant",
  timestamp_created: "instant",
  timestamp_last_used: "instant",
  timestamp_last_change: "instant",
  version: "number",
  protocol: "text",
} as const;

type Row = SourceRow<typeof columns>;
type Draft = Omit<ActivationTable, "tenant">;

export async function importActivations(context: Import): Promise<void> {
  await context.table({
    table,
    key: "activation_id",
    columns,
    prepare(row) {
      const draft = draftOf(context, row);
      if (draft === undefined) return undefined;
      context.activations.set(draft.id, { applicationId: draft.application_id, userId: draft.user_id });
      return draft;
    },
    async write(change, drafts) {
      for (const draft of drafts) await write(context, change, draft);
    },
  });
}

/** In order of how far an activation has come; a repeated import never takes one back. */
const statuses: readonly ActivationStatus[] = ["CREATED", "PENDING_COMMIT", "ACTIVE", "BLOCKED", "REMOVED"];

function draftOf({ deps, tally, applications, keys }: Import, row: Row): Draft | undefined {
  const id = row.activation_id ?? "";
  const applicationId = applications.get(row.application_id ?? -1);
  if (applicationId === undefined) return tally.skip(table, "application-not-taken");
  if (row.protocol !== null && row.protocol.toLowerCase() !== "powerauth") return tally.skip(table, row.protocol);
  if ((row.version ?? 2) !== 3 && row.device_public_key_base64 !== null) {
    return tally.skip(table, `protocol version ${row.version ?? 2}`);
  }
  const userId = row.user_id ?? "";
  const status = statuses[(row.activation_status ?? 5) - 1] ?? "REMOVED";
  const problem = problemOf(row, id, userId, status);
  if (problem !== undefined) return tally.refuse(table, id, problem);

  const { server_private_key_base64: sealed, server_private_key_encryption: mode } = row;
  const opened = openBytes(keys, sealed ?? "", mode, [userId, id]);
  if ("problem" in opened) return tally.refuse(table, id, opened.problem);
  const server = openKeyPair(deps.crypto, opened.value, row.server_public_key_base64);
  if (server === undefined) return tally.refuse(table, id, "server-key-pair");
  const exchanged = row.device_public_key_base64 !== null;
  const device = exchanged ? openPoint(deps.crypto, row.device_public_key_base64) : undefined;
  if (exchanged && device === undefined) return tally.refuse(table, id, "device-key");
  const own = deps.crypto.importPrivateKey(server.privateKey);
  const shared = own && device && activationKeys(deps.crypto, masterSecret(deps.crypto, own, device));

  const created = row.timestamp_created ?? 0;
  const extra = parsed(row.additional_data);
  return {
    ...phasesOf(row),
    id,
    application_id: applicationId,
    user_id: userId,
    status,
    blocked_reason: status === "BLOCKED" ? row.blocked_reason : null,
    activation_code: status === "CREATED" ? row.activation_code : null,
    otp_hash: row.activation_otp,
    name: row.activation_name,
    platform: row.platform,
    device_info: row.device_info,
    extras: row.extras,
    external_id: row.external_id,
    additional_data: typeof extra === "object" && extra !== null ? JSON.stringify(extra) : null,
    flags: JSON.stringify(textsIn(row.flags)),
    failed_attempts: row.failed_attempts ?? 0,
    max_failed_attempts: row.max_failed_attempts ?? 5,
    counter: row.counter ?? 0,
    ctr_data: exchanged ? row.ctr_data : null,
    server_public_key: toBase64(server.publicKey),
    server_private_sealed: deps.secrets.seal(serverKeyPlace(id), server.privateKey),
    device_public_key: device === undefined ? null : toBase64(deps.crypto.exportPublicKey(device, "uncompressed")),
    keys_sealed: shared === undefined ? null : sealActivationKeys(deps.secrets, deps.crypto, id, shared),
    version_floor: null,
    expires_at: row.timestamp_activation_expire ?? created,
    created_at: created,
    changed_at: row.timestamp_last_change ?? created,
    last_used_at: row.timestamp_last_used ?? created,
    protocol: "powerauth",
    parent_activation_id: null,
    transfer_type: null,
  };
}

/** What must be right before any key is looked at. */
function problemOf(row: Row, id: string, userId: string, status: ActivationStatus): string | undefined {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return "id";
  if (!isName(userId)) return "user-id";
  const most = row.max_failed_attempts ?? 5;
  if (!Number.isSafeInteger(row.counter ?? 0) || most < 1 || most > 255) return "numbers";
  const exchanged = row.device_public_key_base64 !== null;
  if (!exchanged && status !== "CREATED" && status !== "REMOVED") return "no-device-key";
  if (exchanged && status !== "CREATED" && fromBase64(row.ctr_data ?? "")?.length !== 16) return "counter";
  if (row.activation_otp !== null && !isOtpHash(row.activation_otp)) return "one-time-password";
  if (status === "CREATED" && !isActivationCode(row.activation_code ?? "")) return "activation-code";
  const texts = [row.activation_name, row.platform, row.device_info, row.extras, row.external_id, row.blocked_reason];
  return texts.every((text) => text === null || isText(text, 4000)) ? undefined : "texts";
}

/** The older column wins where it says anything: a server that knows the newer one keeps both in step. */
function phasesOf(row: Row): Pick<ActivationTable, "commit_phase" | "otp_validation"> {
  const older = row.activation_otp_validation ?? 0;
  const early = older === 1 || (older === 0 && row.commit_phase === 1);
  const phase = early ? "ON_KEY_EXCHANGE" : "ON_COMMIT";
  return { commit_phase: phase, otp_validation: row.activation_otp === null ? "NONE" : phase };
}

async function write({ deps, tally, activations }: Import, change: Change, draft: Draft): Promise<void> {
  const counts = tally.counts(table);
  const tenant = deps.config.tenant;
  const row: ActivationTable = { tenant, ...draft };
  const inserted = await change.db
    .insertInto("activation")
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .returning("id")
    .executeTakeFirst();
  if (inserted !== undefined) {
    counts.imported += 1;
    const history = historyRow(deps, row, change.now, { reason: "IMPORTED" });
    await change.db.insertInto("activation_history").values(history).execute();
    return;
  }
  const existing = await change.db
    .selectFrom("activation")
    .selectAll()
    .where("tenant", "=", tenant)
    .where("id", "=", draft.id)
    .executeTakeFirst();
  const isSame =
    existing?.server_public_key === draft.server_public_key &&
    existing.application_id === draft.application_id &&
    existing.user_id === draft.user_id &&
    (existing.device_public_key === null ||
      existing.device_public_key === draft.device_public_key ||
      draft.device_public_key === null);
  if (!isSame) {
    activations.delete(draft.id);
    tally.refuse(table, draft.id, existing === undefined ? "activation-code-taken" : "another-of-this-id");
    return;
  }
  const moved = await moveOn(change, existing.device_public_key === null ? "whole" : "counters", row);
  counts[moved ? "updated" : "kept"] += 1;
}

/**
 * Each column only moves forward, whatever was read: a device may be at work here meanwhile. `whole` when the device
 * exchanged its keys with the source after the last import.
 */
async function moveOn(change: Change, what: "whole" | "counters", row: ActivationTable): Promise<boolean> {
  const at = () =>
    change.db.updateTable("activation").where("tenant", "=", row.tenant).where("id", "=", row.id).returning("id");
  const before = statuses.slice(0, statuses.indexOf(row.status));
  const updates = [
    what === "whole" && before.length > 0
      ? at().set(row).where("device_public_key", "is", null).where("status", "in", before)
      : undefined,
    row.ctr_data === null
      ? undefined
      : at().set({ counter: row.counter, ctr_data: row.ctr_data }).where("counter", "<", row.counter),
    at().set({ failed_attempts: row.failed_attempts }).where("failed_attempts", "<", row.failed_attempts),
    before.length === 0
      ? undefined
      : at()
          .set({ status: row.status, blocked_reason: row.blocked_reason, activation_code: row.activation_code })
          .where("status", "in", before),
    at().set({ last_used_at: row.last_used_at }).where("last_used_at", "<", row.last_used_at),
  ];
  let moved = false;
  for (const update of updates) {
    if (update !== undefined && (await update.executeTakeFirst()) !== undefined) moved = true;
  }
  return moved;
}
