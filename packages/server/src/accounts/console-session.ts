/**
 * Sessions of the operator console: an API client signs in with its secret once, or somebody logs in at the configured
 * OpenID provider, and their browser is known by a random token from then on. Only a keyed hash of the token is kept. A
 * session ends when nobody uses it, when its API client is removed, and when other rules for operators come into force.
 */
import { equalTexts, toBase64Url } from "@countersign/protocol/bytes";
import type { Selectable } from "kysely";
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";
import { builtOnce } from "../lists/built-once.ts";
import type { ApiClientTable, ConsoleSessionTable } from "../store/schema.ts";
import type { Change } from "../store/store.ts";
import { type ApiClient, apiClientOf } from "./api-client.ts";
import { authenticateBasic } from "./authenticate.ts";
import { clientOfOperator, type Operator, operatorId } from "./operator.ts";

/** A working day. */
export const sessionSeconds = 8 * 3600;
/** From the last thing that the operator did, not from the last request: a page asks by itself, too. */
export const idleSeconds = 1800;
const tokenPattern = /^[A-Za-z0-9_-]{43}$/;

export interface ConsoleSession {
  readonly client: ApiClient;
  /** Has to come back in a header with everything that changes something: other sites cannot read it. */
  readonly csrfToken: string;
  readonly expiresAt: number;
}

export interface BegunSession extends ConsoleSession {
  /** For the browser, once. */
  readonly token: string;
}

type Nullable<T> = { readonly [K in keyof T]: T[K] | null };

const sessionQuery = builtOnce<
  { readonly tenant: string; readonly id: string; readonly now: number; readonly idleSince: number },
  Nullable<Selectable<ApiClientTable>> & Pick<ConsoleSessionTable, "expires_at" | "operator">
>((db, mark) =>
  db
    .selectFrom("console_session as s")
    .leftJoin("api_client as c", (join) => join.onRef("c.tenant", "=", "s.tenant").onRef("c.id", "=", "s.client_id"))
    .selectAll("c")
    .select(["s.expires_at", "s.operator"])
    .where("s.tenant", "=", mark("tenant"))
    .where("s.id", "=", mark("id"))
    .where("s.expires_at", ">", mark("now"))
    .where("s.used_at", ">", mark("idleSince")),
);

type SessionDeps = Pick<Deps, "store" | "secrets" | "config">;

/** Refuses `unauthenticated`. */
export async function signIn(
  deps: SessionDeps & Pick<Deps, "random">,
  input: { readonly clientId: string; readonly clientSecret: string },
): Promise<BegunSession | Refusal> {
  const credentials = Buffer.from(`${input.clientId}:${input.clientSecret}`).toString("base64");
  const client = await authenticateBasic(deps, `Basic ${credentials}`);
  if ("refused" in client) return client;
  return deps.store.transaction(async (change) => {
    const data = { clientId: client.id, name: client.name };
    change.record({ type: "console.signed-in", subject: client.id, applications: [], data });
    return begin(deps, change, client, { client_id: client.id, operator: null });
  });
}

/** For an operator whom the provider has just named. Refuses `unauthenticated` where other settings came into force. */
export async function signInOperator(
  deps: SessionDeps & Pick<Deps, "random">,
  operator: Operator,
): Promise<BegunSession | Refusal> {
  const client = clientOfOperator(operator, deps.config.consoleOpenId);
  if (client === undefined) return refuse("unauthenticated");
  return deps.store.transaction(async (change) => {
    const { settings: _, ...data } = operator;
    change.record({ type: "console.signed-in", subject: client.id, applications: [], data });
    return begin(deps, change, client, { client_id: null, operator: JSON.stringify(operator) });
  });
}

/** Part of a transaction. */
async function begin(
  deps: SessionDeps & Pick<Deps, "random">,
  { db, now }: Change,
  client: ApiClient,
  who: Pick<ConsoleSessionTable, "client_id" | "operator">,
): Promise<BegunSession> {
  const { tenant } = deps.store;
  const token = toBase64Url(deps.random(32));
  const expiresAt = now + sessionSeconds * 1000;
  await db
    .deleteFrom("console_session")
    .where("tenant", "=", tenant)
    .where((is) => is.or([is("expires_at", "<=", now), is("used_at", "<=", now - idleSeconds * 1000)]))
    .execute();
  const row = { id: idOf(deps, token), ...who, created_at: now, used_at: now, expires_at: expiresAt };
  await db
    .insertInto("console_session")
    .values({ tenant, ...row })
    .execute();
  return { client, csrfToken: csrfTokenOf(deps, token), expiresAt, token };
}

/** Refuses `unauthenticated`: unknown, over, not used for long, or who it belongs to may do nothing any more. */
export async function findSession(deps: SessionDeps, token: string): Promise<ConsoleSession | Refusal> {
  if (!tokenPattern.test(token)) return refuse("unauthenticated");
  const { store } = deps;
  const now = await store.now();
  const values = { tenant: store.tenant, id: idOf(deps, token), now, idleSince: now - idleSeconds * 1000 };
  const [row] = await sessionQuery(store, values);
  const client = row && clientOf(row, deps);
  if (row === undefined || client === undefined) return refuse("unauthenticated");
  return { client, csrfToken: csrfTokenOf(deps, token), expiresAt: row.expires_at };
}

function clientOf(
  { operator, ...client }: Nullable<Selectable<ApiClientTable>> & Pick<ConsoleSessionTable, "operator">,
  { config }: Pick<Deps, "config">,
): ApiClient | undefined {
  if (operator !== null) return clientOfOperator(JSON.parse(operator) as Operator, config.consoleOpenId);
  return client.id === null ? undefined : apiClientOf(client as Selectable<ApiClientTable>);
}

/** The operator did something: it stays open for longer, though not for longer than a working day. */
export async function keepSession(deps: SessionDeps, token: string): Promise<void> {
  const { store } = deps;
  await store.transaction(({ db, now }) =>
    db
      .updateTable("console_session")
      .set({ used_at: now })
      .where("tenant", "=", store.tenant)
      .where("id", "=", idOf(deps, token))
      .where("used_at", ">", now - idleSeconds * 1000)
      .execute(),
  );
}

/** Ends it on every node. Nothing happens where there is none. */
export async function signOut(deps: SessionDeps, token: string): Promise<void> {
  const { store } = deps;
  await store.transaction(async (change) => {
    const ended = await change.db
      .deleteFrom("console_session")
      .where("tenant", "=", store.tenant)
      .where("id", "=", idOf(deps, token))
      .returning(["client_id", "operator"])
      .executeTakeFirst();
    if (ended === undefined) return;
    const { client_id: clientId, operator } = ended;
    const who = operator === null ? (clientId ?? "") : operatorId(JSON.parse(operator) as Operator);
    change.record({ type: "console.signed-out", subject: who, applications: [], data: { clientId: who } });
  });
}

export function isCsrfToken(session: ConsoleSession, given: string | undefined): boolean {
  return given !== undefined && equalTexts(session.csrfToken, given);
}

function idOf({ secrets }: Pick<Deps, "secrets">, token: string): string {
  return secrets.hash("console-session", token);
}

function csrfTokenOf({ secrets }: Pick<Deps, "secrets">, token: string): string {
  return secrets.hash("console-csrf", token);
}
