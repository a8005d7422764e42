/** Makes, changes and removes sinks. */
import type { Deps } from "../deps.ts";
import type { EventType } from "../audit/event.ts";
import { isRefusal, type Refusal, refuse } from "../errors.ts";
import { newUuid7 } from "../ids.ts";
import type { SinkType } from "../store/schema.ts";
import type { Change } from "../store/store.ts";
import type { Sink } from "./sink.ts";
import { isAddress } from "./webhook/address.ts";
import {
  type Authentication,
  authenticationOf,
  changedAuthentication,
  refuseAuthentication,
  sealAuthentication,
} from "./webhook/authentication.ts";
import { newSigningSecret, rotatedSecret } from "./webhook/signing-secret.ts";

type SinkDeps = Pick<Deps, "store" | "random" | "secrets">;

interface Retries {
  readonly maxAttempts?: number | null | undefined;
  readonly initialBackoffMs?: number | null | undefined;
  readonly retentionSeconds?: number | null | undefined;
}

export interface NewSink extends Retries {
  readonly applicationId: string;
  /** Unique within the application. */
  readonly name: string;
  readonly url: string;
  readonly type: SinkType;
  /** Names of the attributes to send. */
  readonly attributes?: readonly string[];
  readonly authentication?: Authentication | undefined;
  readonly clientId: string;
}

export interface SinkWithSecret {
  readonly sink: Sink;
  /** `whsec_…`: shown now and never again. */
  readonly signingSecret: string;
}

/** Refuses with `application-not-found` or `invalid-request`. Writes `sink.created`. */
export async function createSink(deps: SinkDeps, input: NewSink): Promise<SinkWithSecret | Refusal> {
  const { authentication = {} } = input;
  const refused = refuseAddress(input.url) ?? refuseAuthentication(authentication);
  if (refused !== undefined) return refused;
  const { tenant } = deps.store;
  return deps.store.transaction(async (work) => {
    const application = await work.db
      .selectFrom("application")
      .select("id")
      .where("tenant", "=", tenant)
      .where("id", "=", input.applicationId)
      .executeTakeFirst();
    if (application === undefined) return refuse("application-not-found");
    const id = newUuid7(deps.random, work.now);
    const { secret, sealed } = newSigningSecret(deps, id);
    const sink = await work.db
      .insertInto("sink")
      .values({
        tenant,
        id,
        application_id: input.applicationId,
        name: input.name,
        url: input.url,
        type: input.type,
        attributes: attributesOf(input.attributes),
        enabled: 1,
        created_at: work.now,
        authentication_sealed: sealAuthentication(deps, id, authentication),
        signing_secret_sealed: sealed,
        ...retryColumns(input),
      })
      .onConflict((conflict) => conflict.columns(["tenant", "application_id", "name"]).doNothing())
      .returningAll()
      .executeTakeFirst();
    if (sink === undefined) return refuse("invalid-request", "name - taken");
    record(work, "sink.created", sink, input.clientId);
    return { sink, signingSecret: secret };
  });
}

export interface SinkChange extends Retries {
  readonly id: string;
  readonly name?: string | undefined;
  readonly url?: string | undefined;
  readonly type?: SinkType | undefined;
  readonly attributes?: readonly string[] | undefined;
  /** An absent or null secret stays, an empty one is removed. */
  readonly authentication?: Authentication | undefined;
  readonly enabled?: boolean | undefined;
  readonly clientId: string;
}

/** What is absent stays. Refuses with `sink-not-found` or `invalid-request`. Writes `sink.updated`. */
export async function updateSink(deps: SinkDeps, input: SinkChange): Promise<Sink | Refusal> {
  return changeSink(deps, input.id, async (work, sink) => {
    const { name = sink.name, url = sink.url, type = sink.type, enabled } = input;
    const authentication = changedAuthentication(authenticationOf(deps, sink), input.authentication ?? {}, {
      before: sink.url,
      after: url,
    });
    if (isRefusal(authentication)) return authentication;
    const refused = refuseAddress(url) ?? refuseAuthentication(authentication);
    if (refused !== undefined) return refused;
    if (name !== sink.name && (await isTaken(work, sink, name))) return refuse("invalid-request", "name - taken");
    const updated = await work.db
      .updateTable("sink")
      .set({
        name,
        url,
        type,
        authentication_sealed: sealAuthentication(deps, sink.id, authentication),
        ...(input.attributes !== undefined && { attributes: attributesOf(input.attributes) }),
        ...(enabled !== undefined && { enabled: enabled ? 1 : 0 }),
        ...retryColumns(input),
      })
      .where("tenant", "=", sink.tenant)
      .where("id", "=", sink.id)
      .returningAll()
      .executeTakeFirstOrThrow();
    record(work, "sink.updated", updated, input.clientId);
    return updated;
  });
}

/**
 * A new key for the signatures; the one in use signs beside it for `overlapSeconds` more. Refuses with `sink-not-found`.
 * Writes `sink.secret.rotated`.
 */
export async function rotateSigningSecret(
  deps: SinkDeps,
  input: { readonly id: string; readonly overlapSeconds: number; readonly clientId: string },
): Promise<SinkWithSecret | Refusal> {
  return changeSink(deps, input.id, async (work, sink) => {
    const overlap = { now: work.now, overlapMs: input.overlapSeconds * 1000 };
    const { secret, sealed } = rotatedSecret(deps, sink, overlap);
    await work.db
      .updateTable("sink")
      .set({ signing_secret_sealed: sealed })
      .where("tenant", "=", sink.tenant)
      .where("id", "=", sink.id)
      .execute();
    record(work, "sink.secret.rotated", sink, input.clientId);
    return { sink, signingSecret: secret };
  });
}

/** What was not delivered yet is dropped with it. False when it did not exist. Writes `sink.removed`. */
export async function removeSink(
  deps: Pick<Deps, "store">,
  input: { readonly id: string; readonly clientId: string },
): Promise<boolean> {
  return deps.store.transaction(async (work) => {
    const sink = await work.db
      .deleteFrom("sink")
      .where("tenant", "=", deps.store.tenant)
      .where("id", "=", input.id)
      .returningAll()
      .executeTakeFirst();
    if (sink === undefined) return false;
    record(work, "sink.removed", sink, input.clientId);
    return true;
  });
}

async function changeSink<T>(
  deps: Pick<Deps, "store">,
  id: string,
  apply: (work: Change, sink: Sink) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  const { store } = deps;
  return store.transaction(async (work) => {
    const sink = await work.db
      .selectFrom("sink")
      .selectAll()
      .where("tenant", "=", store.tenant)
      .where("id", "=", id)
      .$if(store.dialect === "postgres", (query) => query.forUpdate())
      .executeTakeFirst();
    return sink === undefined ? refuse("sink-not-found") : apply(work, sink);
  });
}

async function isTaken(work: Change, sink: Sink, name: string): Promise<boolean> {
  const other = await work.db
    .selectFrom("sink")
    .select("id")
    .where("tenant", "=", sink.tenant)
    .where("application_id", "=", sink.application_id)
    .where("name", "=", name)
    .executeTakeFirst();
  return other !== undefined;
}

function record(work: Change, type: EventType, sink: Sink, clientId: string): void {
  const { id, application_id: applicationId, name, type: sinkType } = sink;
  work.record({ type, subject: id, applications: [], data: { applicationId, name, type: sinkType, clientId } });
}

function refuseAddress(url: string): Refusal | undefined {
  return isAddress(url) ? undefined : refuse("invalid-request", "callbackUrl - not an HTTP address");
}

function attributesOf(names: readonly string[] = []): string {
  return JSON.stringify([...new Set(names)]);
}

function retryColumns({ maxAttempts, initialBackoffMs, retentionSeconds }: Retries) {
  return {
    ...(maxAttempts !== undefined && { max_attempts: maxAttempts }),
    ...(initialBackoffMs !== undefined && { initial_backoff_ms: initialBackoffMs }),
    ...(retentionSeconds !== undefined && { retention_seconds: retentionSeconds }),
  };
}
