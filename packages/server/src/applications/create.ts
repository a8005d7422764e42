/** A new application: its master key pair, sealed, and a first version. */
import { toBase64 } from "@countersign/protocol/bytes";
import type { ProtocolVersion } from "@countersign/protocol/powerauth/versions";
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";
import { isName, masterKeyPlace } from "./application.ts";
import { type ApplicationDetail, applicationDetail } from "./detail.ts";
import { insertVersion } from "./versions.ts";

export interface NewApplication {
  /** The caller's name for it, 1–255 characters; the id everywhere. */
  readonly applicationId: string;
  /** Lowest protocol version its activations may use. Default 3.1: signatures of 3.0 are 8 digits per factor. */
  readonly minVersion?: ProtocolVersion;
  readonly roles?: readonly string[];
  /** API client that asks, for the audit. */
  readonly clientId?: string | undefined;
}

const lowestByDefault: ProtocolVersion = "3.1";
const firstVersion = "default";

/** Refuses `invalid-request` and `application-exists`. */
export async function createApplication(
  deps: Pick<Deps, "store" | "secrets" | "crypto" | "random">,
  input: NewApplication,
): Promise<ApplicationDetail | Refusal> {
  const { applicationId } = input;
  if (!isName(applicationId)) return refuse("invalid-request", "applicationId - 1 to 255 characters");
  const pair = deps.crypto.generateKeyPair(deps.random);
  const sealed = deps.secrets.seal(masterKeyPlace(applicationId), deps.crypto.exportPrivateKey(pair.privateKey));
  const created = await deps.store.transaction(async (change) => {
    const { numInsertedOrUpdatedRows } = await change.db
      .insertInto("application")
      .values({
        tenant: deps.store.tenant,
        id: applicationId,
        roles: JSON.stringify([...new Set(input.roles ?? [])]),
        master_public_key: toBase64(deps.crypto.exportPublicKey(pair.publicKey, "uncompressed")),
        master_private_sealed: sealed,
        min_version: input.minVersion ?? lowestByDefault,
        created_at: change.now,
      })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirstOrThrow();
    if (numInsertedOrUpdatedRows === 0n) return false;
    const data = { clientId: input.clientId };
    change.record({ type: "application.created", subject: applicationId, applications: [applicationId], data });
    return insertVersion(deps, change, { applicationId, versionId: firstVersion, clientId: input.clientId });
  });
  return created ? applicationDetail(deps, applicationId) : refuse("application-exists");
}
