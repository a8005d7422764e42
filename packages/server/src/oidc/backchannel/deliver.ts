/**
 * Tells a relying party that its result is there (CIBA §10.2). The outbox calls this until it worked, gave up, or the
 * request is over.
 */
import type { Provider } from "oidc-provider";
import type { Deps } from "../../deps.ts";
import type { Delivery, Outcome } from "../../notifications/delivery/channels.ts";
import { findRequest } from "./requests.ts";

export async function deliverResult(
  deps: Pick<Deps, "store" | "secrets" | "outbound">,
  provider: Provider,
  { event, sink, signal }: Delivery,
): Promise<Outcome> {
  const operation = await deps.store.findOperation(event.subject);
  if (operation?.backchannel_id == null) throw new Error("An event of a CIBA request names no such operation");
  const request = await findRequest(deps, provider, operation);
  if (request === undefined) return { failed: "request-over", final: true };
  const { client_notification_token: token } = request.params as { readonly client_notification_token: string };
  const answer = await deps.outbound({
    url: sink.url,
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ auth_req_id: request.jti }),
    signal,
  });
  return outcomeOf(answer);
}

function outcomeOf(answer: Awaited<ReturnType<Deps["outbound"]>>): Outcome {
  if ("failed" in answer) return { failed: answer.failed };
  const { status } = answer;
  if (status === 200 || status === 204) return { delivered: true };
  // It said that the token is wrong, or that it is somewhere else: asking again changes neither.
  const final = status === 401 || status === 403 || (status >= 300 && status < 400);
  return { failed: `http-${status}`, ...(final && { final }) };
}
