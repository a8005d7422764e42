/** Puts and removes the push gateways of an application, and the sinks that belong to them, in one change. */
import type { Deps } from "../deps.ts";
import { isRefusal, type Refusal, refuse } from "../errors.ts";
import { newUuid7 } from "../ids.ts";
import type { SinkTable } from "../store/schema.ts";
import type { Change } from "../store/store.ts";
import type { PushPlatform } from "./device.ts";
import {
  completeSettings,
  type GatewayChange,
  gatewayId,
  type GatewaySettings,
  openSettings,
  sealSettings,
  shownSettings,
} from "./gateway.ts";
import type { PushTexts } from "./texts.ts";

type ConfigureDeps = Pick<Deps, "store" | "secrets" | "random">;

export interface GatewayPlace<P extends PushPlatform = PushPlatform> {
  readonly applicationId: string;
  readonly platform: P;
}

/** Refuses with `application-not-found` or `invalid-request`. Writes `push.gateway.changed`. */
export async function putGateway<P extends PushPlatform>(
  deps: ConfigureDeps,
  input: GatewayPlace<P> & { readonly settings: GatewayChange[P]; readonly clientId: string },
): Promise<object | Refusal> {
  const { applicationId, platform, clientId } = input;
  const { tenant } = deps.store;
  const id = gatewayId(applicationId, platform);
  return deps.store.transaction(async (change) => {
    if (!(await holdApplication(deps, change, applicationId))) return refuse("application-not-found");
    const row = await change.db
      .selectFrom("push_gateway")
      .select(["id", "settings_sealed"])
      .where("tenant", "=", tenant)
      .where("id", "=", id)
      .executeTakeFirst();
    const before = row && openSettings<P>(deps.secrets, row);
    const settings = completeSettings[platform](input.settings, before);
    if (isRefusal(settings)) return settings;
    const set = { settings_sealed: sealSettings(deps.secrets, id, settings), updated_at: change.now };
    await change.db
      .insertInto("push_gateway")
      .values({ tenant, id, application_id: applicationId, platform, ...set })
      .onConflict((conflict) => conflict.columns(["tenant", "id"]).doUpdateSet(set))
      .execute();
    await alignSinks(deps, change, applicationId);
    change.record({
      type: "push.gateway.changed",
      subject: applicationId,
      applications: [],
      data: { applicationId, platform, clientId },
    });
    return shownSettings[platform](settings as GatewaySettings[P]);
  });
}

/** What is on its way to its devices is dropped. False when there was none. Writes `push.gateway.removed`. */
export async function removeGateway(
  deps: ConfigureDeps,
  { applicationId, platform, clientId }: GatewayPlace & { readonly clientId: string },
): Promise<boolean> {
  return deps.store.transaction(async (change) => {
    await holdApplication(deps, change, applicationId);
    const removed = await change.db
      .deleteFrom("push_gateway")
      .where("tenant", "=", deps.store.tenant)
      .where("id", "=", gatewayId(applicationId, platform))
      .returning("id")
      .executeTakeFirst();
    if (removed === undefined) return false;
    await alignSinks(deps, change, applicationId);
    change.record({
      type: "push.gateway.removed",
      subject: applicationId,
      applications: [],
      data: { applicationId, platform, clientId },
    });
    return true;
  });
}

/** Its settings without secrets. Refuses with `push-gateway-not-found`. */
export async function findGateway<P extends PushPlatform>(
  deps: Pick<Deps, "store" | "secrets">,
  { applicationId, platform }: GatewayPlace<P>,
): Promise<object | Refusal> {
  const row = await deps.store.read
    .selectFrom("push_gateway")
    .select(["id", "settings_sealed"])
    .where("tenant", "=", deps.store.tenant)
    .where("id", "=", gatewayId(applicationId, platform))
    .executeTakeFirst();
  return row === undefined
    ? refuse("push-gateway-not-found")
    : shownSettings[platform](openSettings<P>(deps.secrets, row));
}

export interface PushSetting {
  readonly texts: PushTexts;
  /** Whether devices hear of finished operations as well. */
  readonly finished: boolean;
}

/** Refuses with `application-not-found`. Writes `push.setting.changed`. */
export async function putPushSetting(
  deps: ConfigureDeps,
  { applicationId, clientId, texts, finished }: PushSetting & { applicationId: string; clientId: string },
): Promise<PushSetting | Refusal> {
  return deps.store.transaction(async (change) => {
    if (!(await holdApplication(deps, change, applicationId))) return refuse("application-not-found");
    const set = { texts: JSON.stringify(texts), finished: finished ? 1 : 0, updated_at: change.now };
    await change.db
      .insertInto("push_setting")
      .values({ tenant: deps.store.tenant, application_id: applicationId, ...set })
      .onConflict((conflict) => conflict.columns(["tenant", "application_id"]).doUpdateSet(set))
      .execute();
    await alignSinks(deps, change, applicationId);
    change.record({
      type: "push.setting.changed",
      subject: applicationId,
      applications: [],
      data: { applicationId, finished, clientId },
    });
    return { texts, finished };
  });
}

export async function findPushSetting(deps: Pick<Deps, "store">, applicationId: string): Promise<PushSetting> {
  const row = await deps.store.read
    .selectFrom("push_setting")
    .select(["texts", "finished"])
    .where("tenant", "=", deps.store.tenant)
    .where("application_id", "=", applicationId)
    .executeTakeFirst();
  if (row === undefined) return { texts: {}, finished: false };
  return { texts: JSON.parse(row.texts) as PushTexts, finished: row.finished === 1 };
}

/** Changes of one application's gateways follow each other, on any number of nodes. */
async function holdApplication({ store }: ConfigureDeps, { db }: Change, applicationId: string): Promise<boolean> {
  const row = await db
    .selectFrom("application")
    .select("id")
    .where("tenant", "=", store.tenant)
    .where("id", "=", applicationId)
    .$if(store.dialect === "postgres", (query) => query.forUpdate())
    .executeTakeFirst();
  return row !== undefined;
}

/** An outbox row exists for what somebody listens to: so the sinks are there exactly while there is a gateway. */
async function alignSinks(deps: ConfigureDeps, change: Change, applicationId: string): Promise<void> {
  const { tenant } = deps.store;
  const at = { tenant, application_id: applicationId };
  const [gateway, setting] = await Promise.all([
    change.db
      .selectFrom("push_gateway")
      .select("id")
      .where("tenant", "=", tenant)
      .where("application_id", "=", applicationId)
      .limit(1)
      .executeTakeFirst(),
    change.db
      .selectFrom("push_setting")
      .select("finished")
      .where("tenant", "=", tenant)
      .where("application_id", "=", applicationId)
      .executeTakeFirst(),
  ]);
  const wanted: Readonly<Record<"PUSH" | "PUSH_FINISHED", boolean>> = {
    PUSH: gateway !== undefined,
    PUSH_FINISHED: gateway !== undefined && setting?.finished === 1,
  };
  for (const [type, wants] of Object.entries(wanted) as [SinkTable["type"], boolean][]) {
    const found = await change.db
      .selectFrom("sink")
      .select("id")
      .where("tenant", "=", tenant)
      .where("application_id", "=", applicationId)
      .where("type", "=", type)
      .executeTakeFirst();
    if (found !== undefined && !wants) {
      await change.db.deleteFrom("sink").where("tenant", "=", tenant).where("id", "=", found.id).execute();
    }
    if (found === undefined && wants) {
      const id = newUuid7(deps.random, change.now);
      // Names belong to callbacks; nobody else thinks of this one.
      const row = { ...at, id, name: `${type} ${id}`, url: "", type, attributes: "[]", enabled: 1 };
      await change.db
        .insertInto("sink")
        .values({ ...row, created_at: change.now })
        .execute();
    }
  }
}
