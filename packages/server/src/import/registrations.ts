/** What hangs on activations and applications: tokens, used nonces, push registrations, callbacks. */
import { type Bytes, concat, fromBase64, fromUtf8, toBase64, toBase64Url, utf8 } from "@countersign/protocol/bytes";
import { envelopeWindow } from "../encryption/envelope.ts";
import type { EventType } from "../audit/event.ts";
import type { PushPlatform, ReplayTable, SinkTable } from "../store/schema.ts";
import type { Change } from "../store/store.ts";
import { tokenPlace } from "../tokens/keys.ts";
import { tokenWindow } from "../tokens/validate.ts";
import { parsed, textsIn } from "./applications.ts";
import type { Import } from "./import.ts";
import { openText } from "./record-encryption.ts";

export async function importRegistrations(context: Import): Promise<void> {
  await importTokens(context);
  await importUsedNonces(context);
  await importPushDevices(context);
  await importCallbacks(context);
}

const tokenFactors = ["possession", "possession_knowledge", "possession_biometry", "possession_knowledge_biometry"];

async function importTokens(context: Import): Promise<void> {
  const { deps, tally, activations } = context;
  const table = "pa_token";
  await context.table({
    table,
    key: "token_id",
    columns: {
      token_id: "text",
      token_secret: "text",
      activation_id: "text",
      signature_type: "text",
      timestamp_created: "instant",
    },
    prepare(row) {
      const { token_id: id, activation_id: activationId } = row;
      if (id === null || activationId === null || !activations.has(activationId)) {
        return tally.skip(table, "activation-not-taken");
      }
      const secret = fromBase64(row.token_secret ?? "");
      const factors = (row.signature_type ?? "").toLowerCase();
      if (secret?.length !== 16 || !tokenFactors.includes(factors)) return tally.refuse(table, id, "secret-or-factors");
      return {
        id: id.toLowerCase(),
        activation_id: activationId,
        signature_type: factors,
        secret_sealed: deps.secrets.seal(tokenPlace(id.toLowerCase()), secret),
        created_at: row.timestamp_created ?? 0,
      };
    },
    async write(change, rows) {
      const removed = await removedTokens(
        context,
        change,
        rows.map((row) => row.activation_id),
      );
      for (const row of rows) {
        const inserted = removed.has(row.id)
          ? undefined
          : await change.db
              .insertInto("token")
              .values({ tenant: deps.config.tenant, ...row })
              .onConflict((conflict) => conflict.doNothing())
              .returning("id")
              .executeTakeFirst();
        tally.counts(table)[inserted === undefined ? "kept" : "imported"] += 1;
      }
    },
  });
}

/** Tokens of these activations that were removed here after an earlier import: they do not come back. */
async function removedTokens(
  { deps }: Import,
  change: Change,
  activationIds: readonly string[],
): Promise<ReadonlySet<unknown>> {
  const rows = await change.db
    .selectFrom("audit_event")
    .select("payload")
    .where("tenant", "=", deps.config.tenant)
    .where("subject", "in", [...new Set(activationIds)])
    .where("type", "=", "token.removed")
    .execute();
  return new Set(
    rows.map(({ payload }) => (parsed(payload) as { data?: { tokenId?: unknown } } | undefined)?.data?.tokenId),
  );
}

/** Subjects of events, for the same reason. */
async function subjectsOf(
  { deps }: Import,
  change: Change,
  type: EventType,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await change.db
    .selectFrom("audit_event")
    .select("subject")
    .where("tenant", "=", deps.config.tenant)
    .where("subject", "in", [...ids])
    .where("type", "=", type)
    .execute();
  return new Set(rows.map(({ subject }) => subject));
}

/**
 * A used nonce is Base64 of: key of an envelope (absent for tokens), 16-byte nonce, id of token, activation or
 * application key. The source forgets it sooner than a header would be accepted here, so it is kept as long as that.
 */
async function importUsedNonces(context: Import): Promise<void> {
  const { deps, tally } = context;
  const table = "pa_unique_value";
  const applicationOf = await applicationsByKey(context);
  let now = 0;
  await context.table({
    table,
    key: "unique_value",
    columns: { unique_value: "text", type: "number", timestamp_expires: "instant" },
    prepare(row): Pick<ReplayTable, "subject" | "nonce"> | undefined {
      const bytes = fromBase64(row.unique_value ?? "");
      if (bytes === undefined) return tally.skip(table, "not-base64");
      const used = row.type === 0 ? tokenNonce(bytes) : envelopeNonce(context, bytes, applicationOf);
      return used ?? tally.skip(table, "of another kind");
    },
    async write(change, rows) {
      now = change.now;
      const token = tokenWindow(deps.config);
      const envelope = envelopeWindow(deps.config);
      const longest = Math.max(token.age + token.skew, envelope.age + envelope.skew);
      for (const row of rows) {
        const { numInsertedOrUpdatedRows } = await change.db
          .insertInto("replay")
          .values({ tenant: deps.config.tenant, ...row, expires_at: now + longest })
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirstOrThrow();
        tally.counts(table)[numInsertedOrUpdatedRows === 0n ? "kept" : "imported"] += 1;
      }
    },
  });
}

function tokenNonce(bytes: Bytes): Pick<ReplayTable, "subject" | "nonce"> | undefined {
  const tokenId = fromUtf8(bytes.slice(16));
  return tokenId?.length === 36 ? { subject: tokenId.toLowerCase(), nonce: toBase64(bytes.slice(0, 16)) } : undefined;
}

function envelopeNonce(
  { deps, activations }: Import,
  bytes: Bytes,
  applicationOf: ReadonlyMap<string, string>,
): Pick<ReplayTable, "subject" | "nonce"> | undefined {
  const keyLength = bytes[0] === 4 ? 65 : 33;
  const name = fromUtf8(bytes.slice(keyLength + 16)) ?? "";
  const subject = activations.has(name) ? name : applicationOf.get(name);
  if (subject === undefined) return undefined;
  const digest = deps.crypto.sha256(concat(bytes.slice(0, keyLength), bytes.slice(keyLength, keyLength + 16)));
  return { subject, nonce: toBase64Url(digest.subarray(0, 16)) };
}

async function applicationsByKey({ source, applications }: Import): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const columns = { id: "number", application_id: "number", application_key: "text" } as const;
  for await (const rows of source.pages("pa_application_version", "id", columns)) {
    for (const { application_id: number, application_key: key } of rows) {
      const name = applications.get(number ?? -1);
      if (key !== null && name !== undefined) found.set(key, name);
    }
  }
  return found;
}

/** As push servers have called them over time. */
const platforms: Readonly<Record<string, PushPlatform>> = {
  ios: "apns",
  apns: "apns",
  android: "fcm",
  fcm: "fcm",
  huawei: "hms",
  hms: "hms",
};

/** A database that push server and PowerAuth server share; elsewhere devices register again at the next start. */
async function importPushDevices(context: Import): Promise<void> {
  const { deps, tally, activations } = context;
  const table = "push_device_registration";
  await context.table({
    table,
    key: "id",
    columns: {
      id: "number",
      activation_id: "text",
      platform: "text",
      environment: "text",
      push_token: "text",
      timestamp_last_registered: "instant",
    },
    prepare(row) {
      const activationId = row.activation_id ?? "";
      const activation = activations.get(activationId);
      if (activation === undefined) return tally.skip(table, "activation-not-taken");
      const platform = platforms[(row.platform ?? "").toLowerCase()];
      const { push_token: token } = row;
      if (platform === undefined || token === null) return tally.refuse(table, activationId, "platform-or-token");
      const environment: "development" | "production" =
        row.environment?.toLowerCase() === "development" ? "development" : "production";
      return {
        activation_id: activationId,
        application_id: activation.applicationId,
        user_id: activation.userId,
        platform,
        environment: platform === "apns" ? environment : null,
        language: "en",
        token_sealed: deps.secrets.seal(
          { table: "push_device", column: "token_sealed", row: activationId },
          utf8(token),
        ),
        token_hash: deps.secrets.hash("push_device", token),
        registered_at: row.timestamp_last_registered ?? 0,
      };
    },
    async write(change, rows) {
      for (const row of rows) {
        const inserted = await change.db
          .insertInto("push_device")
          .values({ tenant: deps.config.tenant, ...row })
          .onConflict((conflict) => conflict.doNothing())
          .returning("activation_id")
          .executeTakeFirst();
        tally.counts(table)[inserted === undefined ? "kept" : "imported"] += 1;
      }
    },
  });
}

/** Callbacks become sinks that nobody calls, unless asked for: two servers must not tell a back end the same things. */
async function importCallbacks(context: Import): Promise<void> {
  const { deps, tally, applications, keys } = context;
  const table = "pa_application_callback";
  await context.table({
    table,
    key: "id",
    columns: {
      id: "text",
      application_id: "number",
      name: "text",
      callback_url: "text",
      type: "text",
      attributes: "text",
      authentication: "text",
      encryption_mode: "text",
      max_attempts: "number",
      initial_backoff: "text",
      retention_period: "text",
      enabled: "boolean",
      timestamp_created: "instant",
    },
    prepare(row): Omit<SinkTable, "tenant"> | undefined {
      const id = row.id ?? "";
      const applicationId = applications.get(row.application_id ?? -1);
      if (applicationId === undefined) return tally.skip(table, "application-not-taken");
      const { type } = row;
      if (type !== "ACTIVATION_STATUS_CHANGE" && type !== "OPERATION_STATUS_CHANGE")
        return tally.skip(table, `type ${type}`);
      if (row.enabled === false) return tally.skip(table, "deleted");
      if (!isAddress(row.callback_url)) return tally.refuse(table, id, "address");
      const opened = openText(keys, row.authentication ?? "{}", row.encryption_mode, [applicationId]);
      if ("problem" in opened) return tally.refuse(table, id, opened.problem);
      const authentication = parsed(opened.value);
      if (typeof authentication !== "object" || authentication === null)
        return tally.refuse(table, id, "authentication");
      const asked = Object.values(authentication).some((method) => (method as { enabled?: boolean } | null)?.enabled);
      const place = { table: "sink", column: "authentication_sealed", row: id };
      return {
        id,
        application_id: applicationId,
        name: row.name ?? id,
        url: row.callback_url,
        type,
        attributes: JSON.stringify(textsIn(row.attributes)),
        enabled: context.enableCallbacks ? 1 : 0,
        created_at: row.timestamp_created ?? 0,
        authentication_sealed: asked ? deps.secrets.seal(place, utf8(JSON.stringify(authentication))) : null,
        signing_secret_sealed: null,
        max_attempts: row.max_attempts,
        initial_backoff_ms: milliseconds(row.initial_backoff),
        retention_seconds: seconds(row.retention_period),
      };
    },
    async write(change, rows) {
      const removed = await subjectsOf(
        context,
        change,
        "sink.removed",
        rows.map(({ id }) => id),
      );
      for (const row of rows) {
        const inserted = removed.has(row.id)
          ? undefined
          : await change.db
              .insertInto("sink")
              .values({ tenant: deps.config.tenant, ...row })
              .onConflict((conflict) => conflict.doNothing())
              .returning("id")
              .executeTakeFirst();
        tally.counts(table)[inserted === undefined ? "kept" : "imported"] += 1;
      }
    },
  });
}

function isAddress(text: string | null): text is string {
  const url = text === null ? null : URL.parse(text);
  return url !== null && ["http:", "https:"].includes(url.protocol) && url.username === "" && url.password === "";
}

/** An ISO 8601 duration of days and less. */
export function milliseconds(duration: string | null): number | null {
  const [, days, hours, minutes, secs] =
    /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(duration ?? "") ?? [];
  if ([days, hours, minutes, secs].every((part) => part === undefined)) return null;
  const [d, h, m, s] = [days, hours, minutes, secs].map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
  ];
  return Math.round((((d * 24 + h) * 60 + m) * 60 + s) * 1000);
}

function seconds(duration: string | null): number | null {
  const ms = milliseconds(duration);
  return ms === null ? null : Math.round(ms / 1000);
}
