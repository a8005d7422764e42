/**
 * Sessions of the operator console: an API client signs in with its secret once, and its browser is known by a random
 * token from then on. Only a keyed hash of the token is kept. A session ends when its client is removed.
 */
import { equalTexts, toBase64Url } from "@countersign/protocol/bytes";
import type { Selectable } from "kysely";
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";
import { builtOnce } from "../lists/built-once.ts";
import type { ApiClientTable, ConsoleSessionTable } from "../store/schema.ts";
import { type ApiClient, apiClientOf } from "./api-client.ts";
import { authenticateBasic } from "./authenticate.ts";

/** A working day. */
export const sessionSeconds = 8 * 3600;
const tokenPattern = /^[A-Za-z0-9_-]{43}$/;

export interface ConsoleSession {
  readonly client: ApiClient;
  /** Has to come back in a header with everything that changes something: other sites cannot read it. */
  readonly csrfToken: string;
  readonly expiresAt: number;
}

const sessionQuery = builtOnce<
  { readonly tenant: string; readonly id: string; readonly now: number },
  Selectable<ApiClientTable> & Pick<ConsoleSessionTable, "expires_at">
>((db, mark) =>
  db
    .selectFrom("console_session as s")
    .innerJoin("api_client as c", (join) => join.onRef("c.tenant", "=", "s.tenant").onRef("c.id", "=", "s.client_id"))
    .selectAll("c")
    .select("s.expires_at")
    .where("s.tenant", "=", mark("tenant"))
    .where("s.id", "=", mark("id"))
    .where("s.expires_at", ">", mark("now")),
);

type SessionDeps = Pick<Deps, "store" | "secrets">;

/** Refuses `unauthenticated`. */
export async function signIn(
  deps: SessionDeps & Pick<Deps, "random">,
  input: { readonly clientId: string; readonly clientSecret: string },
): Promise<(ConsoleSession & { readonly token: string }) | Refusal> {
  const credentials = Buffer.from(`${input.clientId}:${input.clientSecret}`).toString("base64");
  const client = await authenticateBasic(deps, `Basic ${credentials}`);
  if ("refused" in client) return client;
  const token = toBase64Url(deps.random(32));
  const { store } = deps;
  return store.transaction(async (change) => {
    const expiresAt = change.now + sessionSeconds * 1000;
    await change.db
      .deleteFrom("console_session")
      .where("tenant", "=", store.tenant)
      .where("expires_at", "<=", change.now)
      .execute();
    const row = { id: idOf(deps, token), client_id: client.id, created_at: change.now, expires_at: expiresAt };
    await change.db
      .insertInto("console_session")
      .values({ tenant: store.tenant, ...row })
      .execute();
    const data = { clientId: client.id, name: client.name };
    change.record({ type: "console.signed-in", subject: client.id, applications: [], data });
    return { client, csrfToken: csrfTokenOf(deps, token), expiresAt, token };
  });
}

/** Refuses `unauthenticated`: unknown, over, or its client is gone. */
export async function findSession(deps: SessionDeps, token: string): Promise<ConsoleSession | Refusal> {
  if (!tokenPattern.test(token)) return refuse("unauthenticated");
  const { store } = deps;
  const values = { tenant: store.tenant, id: idOf(deps, token), now: await store.now() };
  const [row] = await sessionQuery(store.read, values);
  if (row === undefined) return refuse("unauthenticated");
  return { client: apiClientOf(row), csrfToken: csrfTokenOf(deps, token), expiresAt: row.expires_at };
}

/** Ends it on every node. Nothing happens where there is none. */
export async function signOut(deps: SessionDeps, token: string): Promise<void> {
  const { store } = deps;
  await store.transaction(async (change) => {
    const ended = await change.db
      .deleteFrom("console_session")
      .where("tenant", "=", store.tenant)
      .where("id", "=", idOf(deps, token))
      .returning("client_id")
      .executeTakeFirst();
    if (ended === undefined) return;
    const data = { clientId: ended.client_id };
    change.record({ type: "console.signed-out", subject: ended.client_id, applications: [], data });
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
