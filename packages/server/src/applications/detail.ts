/** Reads applications with everything an app build needs to be configured. */
import { type Bytes, fromBase64, toBase64 } from "@countersign/protocol/bytes";
import { encodeClientConfiguration } from "@countersign/protocol/powerauth/client-configuration";
import type { ProtocolVersion } from "@countersign/protocol/powerauth/versions";
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";
import { secretPlace } from "./version.ts";

export interface ApplicationDetail {
  readonly applicationId: string;
  readonly roles: readonly string[];
  /** Base64, 65 bytes uncompressed. */
  readonly masterPublicKey: string;
  readonly minVersion: ProtocolVersion;
  readonly createdAt: number;
  readonly versions: readonly ApplicationVersionDetail[];
}

export interface ApplicationVersionDetail {
  readonly versionId: string;
  /** Base64, 16 bytes each. */
  readonly applicationKey: string;
  readonly applicationSecret: string;
  /** The three values above and the master key in one text with exactly one key, which every reader understands. */
  readonly mobileSdkConfig: string;
  readonly supported: boolean;
}

/** In order of id. `only` limits to the applications an API client may use. */
export async function listApplications(
  deps: Pick<Deps, "store">,
  only?: ReadonlySet<string>,
): Promise<{ applicationId: string; roles: readonly string[] }[]> {
  const rows = await deps.store.read
    .selectFrom("application")
    .select(["id", "roles"])
    .where("tenant", "=", deps.store.tenant)
    .orderBy("id")
    .execute();
  return rows
    .filter((row) => only === undefined || only.has(row.id))
    .map((row) => ({ applicationId: row.id, roles: JSON.parse(row.roles) as string[] }));
}

/** Refuses `application-not-found`. */
export async function applicationDetail(
  deps: Pick<Deps, "store" | "secrets">,
  applicationId: string,
): Promise<ApplicationDetail | Refusal> {
  const { store, secrets } = deps;
  const application = await store.read
    .selectFrom("application")
    .select(["roles", "master_public_key", "min_version", "created_at"])
    .where("tenant", "=", store.tenant)
    .where("id", "=", applicationId)
    .executeTakeFirst();
  if (application === undefined) return refuse("application-not-found");
  const versions = await store.read
    .selectFrom("application_version")
    .select(["id", "application_key", "application_secret_sealed", "supported"])
    .where("tenant", "=", store.tenant)
    .where("application_id", "=", applicationId)
    .orderBy("created_at")
    .orderBy("id")
    .execute();
  return {
    applicationId,
    roles: JSON.parse(application.roles) as string[],
    masterPublicKey: application.master_public_key,
    minVersion: application.min_version as ProtocolVersion,
    createdAt: application.created_at,
    versions: versions.map((version) => {
      const secret = secrets.open(secretPlace(version.application_key), version.application_secret_sealed);
      return {
        versionId: version.id,
        applicationKey: version.application_key,
        applicationSecret: toBase64(secret),
        mobileSdkConfig: encodeClientConfiguration({
          applicationKey: storedBytes(version.application_key),
          applicationSecret: secret,
          masterPublicKey: storedBytes(application.master_public_key),
        }),
        supported: version.supported === 1,
      };
    }),
  };
}

function storedBytes(base64: string): Bytes {
  const bytes = fromBase64(base64);
  if (bytes === undefined) throw new Error("Stored key is not Base64");
  return bytes;
}

/** The application a key belongs to. Refuses `application-not-found`. */
export async function applicationOfKey(
  deps: Pick<Deps, "versions">,
  applicationKey: string,
): Promise<{ applicationId: string; versionId: string } | Refusal> {
  const version = await deps.versions.find(applicationKey);
  if (version === undefined) return refuse("application-not-found");
  return { applicationId: version.applicationId, versionId: version.versionId };
}
