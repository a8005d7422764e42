/**
 * Temporary encryption keys (PowerAuth 3.3): made for one application or activation, good for both directions of
 * encrypted requests until they expire, and for nobody else.
 */
import { findPowerAuth } from "../activations/activation.ts";
import type { PrivateKey } from "@countersign/protocol/crypto";
import { isFailure } from "@countersign/protocol/errors";
import { isUuid } from "@countersign/protocol/powerauth/headers";
import {
  createTemporaryKeyResponse,
  readTemporaryKeyRequest,
  temporaryKeyMac,
  verifyTemporaryKeyRequest,
} from "@countersign/protocol/powerauth/temporary-key";
import { serverKeyOf } from "../activations/keys.ts";
import { masterKeyOf } from "../applications/application.ts";
import { isSupported } from "../applications/versions.ts";
import type { Deps } from "../deps.ts";
import { isRefusal, type Refusal, refuse } from "../errors.ts";
import { newId } from "../ids.ts";
import type { ActivationRow, Change } from "../store/store.ts";

export interface CreatedTemporaryKey {
  /** For the device. */
  readonly jwt: string;
  readonly temporaryKeyId: string;
  /** Whether the request proved more than knowledge of the app: it held the keys of an activation. */
  readonly proven: boolean;
}

type KeyDeps = Pick<Deps, "config" | "store" | "secrets" | "crypto" | "random" | "versions" | "activationKeys">;

/**
 * `before` runs once the request's MAC is right, before anything is written, and may refuse. Refuses
 * `temporary-key-missing` whatever is wrong: the request, its MAC, the application, or an activation that is not there.
 */
export async function createTemporaryKey(
  deps: KeyDeps,
  jwt: string,
  before: (scope: "application" | "activation") => Promise<void> = async () => {},
): Promise<CreatedTemporaryKey | Refusal> {
  const { config, crypto, random, store } = deps;
  const request = readTemporaryKeyRequest(jwt);
  if (isFailure(request)) return refuse("temporary-key-missing");
  const { applicationKey, activationId } = request.claims;
  const application = await deps.versions.find(applicationKey);
  if (application === undefined) return refuse("temporary-key-missing");
  const activation = activationId === undefined ? undefined : await usableActivation(deps, activationId);
  const known = activation?.application_id === application.applicationId;
  const inActivation = activationId !== undefined;
  // Without an activation the MAC is computed all the same, with a key of no use.
  const transport = inActivation
    ? known
      ? deps.activationKeys.keysOf(activation).transport
      : crypto.secretKey(new Uint8Array(16))
    : undefined;
  const claims = verifyTemporaryKeyRequest(
    crypto,
    request,
    temporaryKeyMac(crypto, transport, application.applicationSecret),
  );
  if (isFailure(claims) || (inActivation && !known)) return refuse("temporary-key-missing");
  await before(inActivation ? "activation" : "application");

  const pair = crypto.generateKeyPair(random);
  const temporaryKeyId = newId(random, randomBucket(random));
  const signingKey = known ? serverKeyOf(deps, activation) : await masterKeyOf(deps, application.applicationId);
  if (signingKey === undefined) throw new Error("Application of a version is missing");
  const place = temporaryKeyPlace(temporaryKeyId);
  const privateSealed = deps.secrets.seal(place, crypto.exportPrivateKey(pair.privateKey));
  const issued = await store.transaction(async (change) => {
    if (!(await mayIssue(deps, change, applicationKey, activation?.id))) return refuse("temporary-key-missing");
    const expiresAt = change.now + config.temporaryKeySeconds * 1000;
    await change.db
      .insertInto("temporary_key")
      .values({
        tenant: store.tenant,
        id: temporaryKeyId,
        application_id: application.applicationId,
        application_key: applicationKey,
        activation_id: activation?.id ?? null,
        private_sealed: privateSealed,
        expires_at: expiresAt,
      })
      .execute();
    return { issuedAt: change.now, expiresAt };
  });
  if (isRefusal(issued)) return issued;
  const answer = createTemporaryKeyResponse(crypto, signingKey, claims, {
    temporaryKeyId,
    publicKey: pair.publicKey,
    ...issued,
  });
  return { jwt: answer, temporaryKeyId, proven: inActivation };
}

/** The private key, only for the scope it was made for and until it expires. */
export async function findTemporaryKey(
  deps: Pick<Deps, "store" | "secrets" | "crypto">,
  id: string,
  scope: { readonly applicationKey: string; readonly activationId?: string | undefined },
  now: number,
): Promise<PrivateKey | undefined> {
  if (!isUuid(id)) return undefined;
  const { store } = deps;
  const row = await store.read
    .selectFrom("temporary_key")
    .select(["application_key", "activation_id", "private_sealed", "expires_at"])
    .where("tenant", "=", store.tenant)
    .where("id", "=", id)
    .executeTakeFirst();
  if (row === undefined || now >= row.expires_at) return undefined;
  if (row.application_key !== scope.applicationKey || row.activation_id !== (scope.activationId ?? null)) {
    return undefined;
  }
  const key = deps.crypto.importPrivateKey(deps.secrets.open(temporaryKeyPlace(id), row.private_sealed));
  if (key === undefined) throw new Error("Stored temporary key is not valid");
  return key;
}

/** Whether there was one to remove. */
export async function removeTemporaryKey(deps: Pick<Deps, "store">, id: string): Promise<{ removed: boolean }> {
  return deps.store.transaction(async (change) => {
    const { numDeletedRows } = await change.db
      .deleteFrom("temporary_key")
      .where("tenant", "=", deps.store.tenant)
      .where("id", "=", id)
      .executeTakeFirstOrThrow();
    return { removed: numDeletedRows > 0n };
  });
}

const batch = 2000;

/** Erases what is expired, oldest first, at most one batch per call. */
export async function sweepTemporaryKeys(deps: Pick<Deps, "store">): Promise<void> {
  const { store } = deps;
  await store.transaction(async (change) => {
    const due = change.db
      .selectFrom("temporary_key")
      .select("id")
      .where("tenant", "=", store.tenant)
      .where("expires_at", "<=", change.now)
      .orderBy("expires_at")
      .limit(batch);
    await change.db.deleteFrom("temporary_key").where("tenant", "=", store.tenant).where("id", "in", due).execute();
  });
}

async function usableActivation(deps: Pick<Deps, "store">, activationId: string): Promise<ActivationRow | undefined> {
  if (!isUuid(activationId)) return undefined;
  const activation = await findPowerAuth(deps, activationId.toLowerCase());
  return activation?.status === "ACTIVE" || activation?.status === "BLOCKED" ? activation : undefined;
}

/** Read with the insert: a version that was switched off a moment ago gives no more keys. */
async function mayIssue(
  deps: Pick<Deps, "store">,
  change: Change,
  applicationKey: string,
  activationId: string | undefined,
): Promise<boolean> {
  if (!(await isSupported(deps, change, applicationKey))) return false;
  if (activationId === undefined) return true;
  const activation = await change.db
    .selectFrom("activation")
    .select("status")
    .where("tenant", "=", deps.store.tenant)
    .where("id", "=", activationId)
    .executeTakeFirst();
  return activation?.status === "ACTIVE" || activation?.status === "BLOCKED";
}

/** Temporary keys live too short to be placed by anything. */
function randomBucket(random: Deps["random"]): number {
  const [high = 0, low = 0] = random(2);
  return ((high << 8) | low) & 0xfff;
}

function temporaryKeyPlace(id: string): { table: string; column: string; row: string } {
  return { table: "temporary_key", column: "private_sealed", row: id };
}
