/**
 * HTTP Basic credentials → API client. The row is read for every request, so that a removed client is out at once; the
 * hash is one HMAC, because the secret is random and needs no slow one.
 */
import { equalTexts, utf8 } from "@countersign/protocol/bytes";
import type { Selectable } from "kysely";
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";
import { builtOnce } from "../lists/built-once.ts";
import type { ApiClientTable } from "../store/schema.ts";
import { type ApiClient, apiClientOf } from "./api-client.ts";

const clientQuery = builtOnce<{ readonly tenant: string; readonly id: string }, Selectable<ApiClientTable>>(
  (db, mark) =>
    db.selectFrom("api_client").selectAll().where("tenant", "=", mark("tenant")).where("id", "=", mark("id")),
);

/** `authorization` is the value of the header. Refuses `unauthenticated`, whatever is wrong. */
export async function authenticateBasic(
  deps: Pick<Deps, "store" | "secrets">,
  authorization: string | undefined,
): Promise<ApiClient | Refusal> {
  const credentials = readBasic(authorization);
  if (credentials === undefined) return refuse("unauthenticated");
  const { id, secret } = credentials;
  const [row] = await clientQuery(deps.store, { tenant: deps.store.tenant, id });
  // Hashed for an unknown client too: its absence takes as long as a wrong secret.
  const right = equalTexts(secretHash(deps, id, secret), row?.secret_hash ?? "");
  return row !== undefined && right ? apiClientOf(row) : refuse("unauthenticated");
}

/** Keyed, and bound to its client. */
export function secretHash(deps: Pick<Deps, "secrets">, clientId: string, secret: string): string {
  return deps.secrets.hash("api-client", `${clientId}:${secret}`);
}

/** RFC 7617; ids and secrets of this server are ASCII, so that no character encoding matters. */
function readBasic(authorization: string | undefined): { id: string; secret: string } | undefined {
  const [, encoded] = /^basic +([A-Za-z0-9+/]{1,1024}={0,2})$/i.exec(authorization ?? "") ?? [];
  if (encoded === undefined) return undefined;
  const decoded = Buffer.from(encoded, "base64").toString("latin1");
  const colon = decoded.indexOf(":");
  const [id, secret] = [decoded.slice(0, colon), decoded.slice(colon + 1)];
  const printable = /^[\x21-\x7e]+$/;
  return colon > 0 && printable.test(id) && printable.test(secret) && utf8(id).length <= 64
    ? { id, secret }
    : undefined;
}
