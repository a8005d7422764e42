/** Application versions as requests name them: by application key. */
import type { ProtocolVersion } from "@countersign/protocol/powerauth/versions";
import type { Secrets } from "../keys/secrets.ts";
import type { Store } from "../store/store.ts";

/** What never changes of an application version. Whether it is supported is read with each decision. */
export interface ApplicationVersion {
  readonly applicationId: string;
  readonly versionId: string;
  readonly applicationKey: string;
  /** Base64, the form in which it is signed. */
  readonly applicationSecret: string;
  /** Lowest protocol version of the application, fixed when it was created. */
  readonly minVersion: ProtocolVersion;
}

export interface VersionCache {
  find(applicationKey: string): Promise<ApplicationVersion | undefined>;
}

/** Unknown keys are not remembered: anyone can invent one. */
export function versionCache(store: Store, secrets: Secrets, capacity = 1000): VersionCache {
  const cache = new Map<string, ApplicationVersion>();
  return {
    async find(applicationKey) {
      const cached = cache.get(applicationKey);
      if (cached !== undefined) return cached;
      const row = await store.read
        .selectFrom("application_version as v")
        .innerJoin("application as a", (join) =>
          join.onRef("a.tenant", "=", "v.tenant").onRef("a.id", "=", "v.application_id"),
        )
        .select(["v.application_id", "v.id", "v.application_secret_sealed", "a.min_version"])
        .where("v.tenant", "=", store.tenant)
        .where("v.application_key", "=", applicationKey)
        .executeTakeFirst();
      if (row === undefined) return undefined;
      const secret = secrets.open(secretPlace(applicationKey), row.application_secret_sealed);
      const version: ApplicationVersion = {
        applicationId: row.application_id,
        versionId: row.id,
        applicationKey,
        applicationSecret: Buffer.from(secret).toString("base64"),
        minVersion: row.min_version as ProtocolVersion,
      };
      cache.set(applicationKey, version);
      if (cache.size > capacity) cache.delete(cache.keys().next().value as string);
      return version;
    },
  };
}

/** Where the secret's ciphertext is bound to: the application key is the version's unique name. */
export function secretPlace(applicationKey: string): { table: string; column: string; row: string } {
  return { table: "application_version", column: "application_secret_sealed", row: applicationKey };
}
