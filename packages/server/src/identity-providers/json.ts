/** JSON of somebody else's server. */
import type { Outbound } from "../outbound.ts";

export type Json = Readonly<Record<string, unknown>>;

/** The JSON object that came with status 200. Undefined for anything else. */
export async function askedJson(outbound: Outbound, request: Parameters<Outbound>[0]): Promise<Json | undefined> {
  const answer = await outbound({ ...request, headers: { accept: "application/json", ...request.headers } });
  if ("failed" in answer || answer.status !== 200) return undefined;
  try {
    const value: unknown = JSON.parse(answer.body);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

/** Credentials for HTTP Basic. */
export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
