/** Our own API, as far as this command uses it: JSON both ways, problem details as failures, lists page by page. */
import { ask } from "./back-office.ts";
import type { Connection } from "./connection.ts";
import { Failure } from "./failure.ts";

export interface V1 {
  /** Throws `Failure` with the code of the server, or `unreachable`. */
  call<Answer>(method: "GET" | "POST" | "PUT" | "DELETE", path: string, body?: object): Promise<Answer>;
  /** The first `limit` items of a list, and whether there are more. */
  list<Item>(path: string, query: Query, limit: number): Promise<{ items: Item[]; more: boolean }>;
}

export type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

const pageSize = 200;

export function v1(connection: Connection, send: typeof fetch = fetch): V1 {
  const call = async <Answer>(method: string, path: string, body?: object): Promise<Answer> => {
    const { response, text } = await ask(connection, send, method, `/v1${path}`, body);
    const json = parsed(text);
    if (response.ok && (json !== undefined || response.status === 204)) return json as Answer;
    throw refused(response.status, json, connection.privateUrl);
  };
  return {
    call,
    async list<Item>(path: string, query: Query, limit: number) {
      const items: Item[] = [];
      const search = searchOf(query);
      for (;;) {
        search.set("limit", String(Math.min(pageSize, limit - items.length + 1)));
        const page = await call<{ items: Item[]; nextCursor?: string }>("GET", `${path}?${search}`);
        items.push(...page.items);
        if (items.length > limit) return { items: items.slice(0, limit), more: true };
        if (page.nextCursor === undefined) return { items, more: false };
        search.set("cursor", page.nextCursor);
      }
    },
  };
}

function searchOf(query: Query): URLSearchParams {
  const pairs = Object.entries(query).flatMap(([name, values]) =>
    (values === undefined ? [] : [values].flat()).map((value) => [name, value]),
  );
  return new URLSearchParams(pairs);
}

function refused(status: number, json: unknown, privateUrl: string): Failure {
  const { code, title, detail } = (typeof json === "object" && json !== null ? json : {}) as Record<string, unknown>;
  const exit = status >= 500 ? "unavailable" : "failed";
  if (typeof code !== "string") {
    return new Failure(exit, "response-malformed", `${privateUrl} answered ${status}, not as Countersign would.`);
  }
  const hint = status === 401 ? "check --bootstrap, or --client-id and COUNTERSIGN_CLIENT_SECRET" : undefined;
  const text = typeof title === "string" ? title : code;
  const message = typeof detail === "string" ? `${text} (${detail})` : text;
  return new Failure(exit, code, message, hint === undefined ? {} : { hint });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
