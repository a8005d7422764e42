/** Versions of an application: each app build may have a key and secret of its own, and can be switched off. */
import { toBase64 } from "@countersign/protocol/bytes";
import type { Deps } from "../deps.ts";
import { isRefusal, type Refusal, refuse } from "../errors.ts";
import type { Change } from "../store/store.ts";
import { isName } from "./application.ts";
import { type ApplicationVersionDetail, applicationDetail } from "./detail.ts";
import { secretPlace } from "./version.ts";

export interface VersionName {
  readonly applicationId: string;
  readonly versionId: string;
  /** API client that asks, for the audit. */
  readonly clientId?: string | undefined;
}

/** Key and secret are 16 random bytes each. Refuses `invalid-request`, `application-not-found`, `application-exists`. */
export async function createVersion(
  deps: Pick<Deps, "store" | "secrets" | "crypto" | "random">,
  input: VersionName,
): Promise<ApplicationVersionDetail | Refusal> {
  if (!isName(input.versionId)) return refuse("invalid-request", "applicationVersionId - 1 to 255 characters");
  if ((await applicationRow(deps, input.applicationId)) === undefined) return refuse("application-not-found");
  const created = await deps.store.transaction((change) => insertVersion(deps, change, input));
  if (!created) return refuse("application-exists");
  return findVersion(deps, input);
}

/** Switches a version on or off; nothing happens when it is so already. Refuses `application-not-found`. */
export async function setVersionSupported(
  deps: Pick<Deps, "store" | "secrets" | "crypto">,
  input: VersionName & { readonly supported: boolean },
): Promise<ApplicationVersionDetail | Refusal> {
  const { applicationId, versionId, supported } = input;
  await deps.store.transaction(async (change) => {
    const { numUpdatedRows } = await change.db
      .updateTable("application_version")
      .set({ supported: supported ? 1 : 0 })
      .where("tenant", "=", deps.store.tenant)
      .where("application_id", "=", applicationId)
      .where("id", "=", versionId)
      .where("supported", "=", supported ? 0 : 1)
      .executeTakeFirstOrThrow();
    if (numUpdatedRows === 0n) return;
    change.record({
      type: supported ? "application.version.supported" : "application.version.unsupported",
      subject: applicationId,
      applications: [applicationId],
      data: { versionId, clientId: input.clientId },
    });
  });
  return findVersion(deps, input);
}

/** Part of the transaction that creates an application or a version. False when the version exists. */
export async function insertVersion(
  deps: Pick<Deps, "store" | "secrets" | "random">,
  change: Change,
  { applicationId, versionId, clientId }: VersionName,
): Promise<boolean> {
  const applicationKey = toBase64(deps.random(16));
  const { numInsertedOrUpdatedRows } = await change.db
    .insertInto("application_version")
    .values({
      tenant: deps.store.tenant,
      application_id: applicationId,
      id: versionId,
      application_key: applicationKey,
      application_secret_sealed: deps.secrets.seal(secretPlace(applicationKey), deps.random(16)),
      supported: 1,
      created_at: change.now,
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow();
  if (numInsertedOrUpdatedRows === 0n) return false;
  change.record({
    type: "application.version.created",
    subject: applicationId,
    applications: [applicationId],
    data: { versionId, clientId },
  });
  return true;
}

/** Whether a version may still be used, as of this transaction. */
export async function isSupported(deps: Pick<Deps, "store">, change: Change, applicationKey: string): Promise<boolean> {
  const version = await change.db
    .selectFrom("application_version")
    .select("supported")
    .where("tenant", "=", deps.store.tenant)
    .where("application_key", "=", applicationKey)
    .executeTakeFirst();
  return version?.supported === 1;
}

async function findVersion(
  deps: Pick<Deps, "store" | "secrets" | "crypto">,
  { applicationId, versionId }: VersionName,
): Promise<ApplicationVersionDetail | Refusal> {
  const application = await applicationDetail(deps, applicationId);
  if (isRefusal(application)) return application;
  return application.versions.find((version) => version.versionId === versionId) ?? refuse("application-not-found");
}

function applicationRow(deps: Pick<Deps, "store">, applicationId: string): Promise<{ id: string } | undefined> {
  return deps.store.read
    .selectFrom("application")
    .select("id")
    .where("tenant", "=", deps.store.tenant)
    .where("id", "=", applicationId)
    .executeTakeFirst();
}
