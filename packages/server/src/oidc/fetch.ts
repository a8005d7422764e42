/** The provider's own calls, for keys of clients, by our only way out. */
import type { Deps } from "../deps.ts";

export async function fetchThrough(
  { outbound }: Pick<Deps, "outbound">,
  url: string | URL | Request,
): Promise<Response> {
  const answer = await outbound({
    url: url instanceof Request ? url.url : url.toString(),
    method: "GET",
    headers: { accept: "application/json" },
  });
  if ("failed" in answer) throw new Error(answer.failed);
  return new Response(answer.body, { status: answer.status, headers: { "content-type": "application/json" } });
}
