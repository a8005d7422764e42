/** The provider's own calls: keys of clients are fetched by our only way out; pings are sent by the outbox. */
import type { Deps } from "../deps.ts";

export async function fetchThrough(
  { outbound }: Pick<Deps, "outbound">,
  url: string | URL | Request,
  options: RequestInit = {},
): Promise<Response> {
  if (options.method === "POST") return new Response(null, { status: 204 });
  const answer = await outbound({
    url: url instanceof Request ? url.url : url.toString(),
    method: "GET",
    headers: { accept: "application/json" },
  });
  if ("failed" in answer) throw new Error(answer.failed);
  return new Response(answer.body, { status: answer.status, headers: { "content-type": "application/json" } });
}
