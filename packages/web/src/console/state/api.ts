/** Requests of the console: all to the public `/v1` API, with the session's cookie and, where they change something, its token. */
import { signal } from "@preact/signals";

export interface Session {
  readonly clientId: string;
  readonly name: string;
  readonly permissions: readonly string[];
  /** Absent for every application. */
  readonly applications?: readonly string[];
  readonly csrfToken: string;
  readonly expiresAt: string;
}

/** Undefined while it is not known yet, null when nobody is signed in. */
export const session = signal<Session | null | undefined>(undefined);

/** What the server refused, by its stable code. */
export class RefusedByServer extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export type Query = Readonly<Record<string, string | undefined>>;

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor?: string;
}

const sessionPath = "/console/session";

export async function findSession(): Promise<void> {
  session.value = await request<Session>("GET", sessionPath).catch(() => null);
}

export async function signIn(clientId: string, clientSecret: string): Promise<void> {
  session.value = await request<Session>("POST", sessionPath, { clientId, clientSecret });
}

export async function signOut(): Promise<void> {
  const ended = await request<{ readonly location: string } | undefined>("DELETE", sessionPath).catch(() => undefined);
  providerSession.value = ended?.location;
  session.value = null;
}

/** Where whoever has just signed out here is still signed in, and can end that, too. */
export const providerSession = signal<string | undefined>(undefined);

/** The operator is there. */
export async function keepSession(): Promise<void> {
  await request("POST", `${sessionPath}/keep`).catch(() => {});
}

/** How operators can log in besides with an API client. `at`: the only origin at which that works. */
export interface OpenId {
  readonly name: string;
  readonly at?: string;
}

const logInPath = "/console/log-in";

export async function findOpenId(): Promise<OpenId | undefined> {
  return (await request<{ readonly openId?: OpenId }>("GET", logInPath)).openId;
}

/** Leaves the page. */
export async function logInAtProvider(): Promise<void> {
  const { location } = await request<{ readonly location: string }>("POST", logInPath);
  globalThis.location.assign(location);
}

export function may(...permissions: readonly string[]): boolean {
  return permissions.some((one) => session.value?.permissions.includes(one) === true);
}

export function get<T>(path: string, query: Query = {}): Promise<T> {
  return request<T>("GET", `/v1${path}${queryText(query)}`);
}

export function send<T>(method: "POST" | "PUT" | "DELETE", path: string, body?: object): Promise<T> {
  return request<T>(method, `/v1${path}`, body);
}

/** Everything there is, up to so many items, page by page. */
export async function getAll<T>(path: string, query: Query, most: number): Promise<readonly T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const page: Page<T> = await get<Page<T>>(path, { ...query, limit: "200", cursor });
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined && items.length < most);
  return items.slice(0, most);
}

function queryText(query: Query): string {
  const given = Object.entries(query).filter((one): one is [string, string] => one[1] !== undefined && one[1] !== "");
  return given.length === 0 ? "" : `?${new URLSearchParams(given).toString()}`;
}

async function request<T>(method: string, path: string, body?: object): Promise<T> {
  const token = session.peek()?.csrfToken;
  const response = await fetch(path, {
    method,
    headers: {
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(method !== "GET" && token !== undefined && { "x-csrf-token": token }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }).catch(() => undefined);
  if (response === undefined) throw new RefusedByServer(0, "unreachable", "The server cannot be reached.");
  if (response.ok) return (response.status === 204 ? undefined : await response.json()) as T;
  const problem = (await response.json().catch(() => ({}))) as { code?: string; title?: string; detail?: string };
  // The session is over, or its client is gone.
  if (response.status === 401 && path !== sessionPath && session.peek() !== undefined) session.value = null;
  const text = [problem.title ?? "The server refused.", problem.detail].filter(Boolean).join(" ");
  throw new RefusedByServer(response.status, problem.code ?? "unknown", text);
}
