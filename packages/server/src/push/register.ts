/** Registers where push messages for an activation go, in place of what was registered before. */
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";
import type { ActivationRow, Change } from "../store/store.ts";
import { type ApnsEnvironment, hashOfToken, isToken, type PushPlatform, tokenPlace } from "./device.ts";

export interface Registration {
  readonly activationId: string;
  readonly platform: PushPlatform;
  /** APNs only; ignored elsewhere. */
  readonly environment?: ApnsEnvironment | undefined;
  /** Of the platform; for `web` the JSON of a subscription. */
  readonly token: string;
  /** Language subtag of the person. */
  readonly language: string;
  /** API client that registers in place of the device. */
  readonly clientId?: string | undefined;
}

const tries = 3;

/**
 * Refuses with `push-registration` for a token that cannot be one, and with `activation-not-found` when the activation
 * is gone. Writes `push.device.registered`.
 */
export async function registerDevice(
  deps: Pick<Deps, "store" | "secrets">,
  input: Registration,
): Promise<Refusal | undefined> {
  if (!isToken(input.platform, input.token)) return refuse("push-registration");
  for (let attempt = 0; attempt < tries; attempt++) {
    const done = await deps.store.transaction((change) => registerWithin(deps, change, input));
    if (done !== "taken") return done;
  }
  return refuse("unavailable");
}

/** Part of another change; the token is checked already. `taken` when another node registered it at this moment. */
export async function registerWithin(
  deps: Pick<Deps, "store" | "secrets">,
  { db, now, record }: Change,
  input: Registration,
): Promise<Refusal | "taken" | undefined> {
  const { store, secrets } = deps;
  const { tenant } = store;
  const activation = await heldActivation(deps, db, input.activationId);
  if (activation === undefined || activation.status === "REMOVED") return refuse("activation-not-found");
  const { id: activation_id, application_id, user_id } = activation;
  const token_hash = hashOfToken(secrets, input.token);
  await db
    .deleteFrom("push_device")
    .where("tenant", "=", tenant)
    .where("application_id", "=", application_id)
    .where((where) => where.or([where("token_hash", "=", token_hash), where("activation_id", "=", activation_id)]))
    .execute();
  const inserted = await db
    .insertInto("push_device")
    .values({
      tenant,
      activation_id,
      application_id,
      user_id,
      platform: input.platform,
      environment: input.platform === "apns" ? (input.environment ?? null) : null,
      language: input.language,
      token_sealed: secrets.seal(tokenPlace(activation_id), Buffer.from(input.token)),
      token_hash,
      registered_at: now,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning("activation_id")
    .executeTakeFirst();
  if (inserted === undefined) return "taken";
  const { platform, clientId } = input;
  record({
    type: "push.device.registered",
    subject: activation_id,
    applications: [application_id],
    data: { userId: user_id, applicationId: application_id, platform, clientId },
  });
  return undefined;
}

/** Held until the transaction ends, so that nothing is registered for an activation that is being removed. */
async function heldActivation(
  { store }: Pick<Deps, "store">,
  db: Change["db"],
  activationId: string,
): Promise<ActivationRow | undefined> {
  return db
    .selectFrom("activation")
    .selectAll()
    .where("tenant", "=", store.tenant)
    .where("id", "=", activationId)
    .$if(store.dialect === "postgres", (query) => query.forUpdate())
    .executeTakeFirst();
}
