/**
 * Tells a relying party its result: that it is there (ping, CIBA §10.2), or the result itself (push, §10.3). The outbox
 * calls this until it worked, gave up, or the request is over.
 */
import type { AdapterPayload, Provider } from "oidc-provider";
import type { Deps } from "../../deps.ts";
import type { Delivery, Outcome } from "../../notifications/delivery/channels.ts";
import { deliveryTold } from "../clients/client.ts";
import { graceMs, recordsByKey, requestModel } from "../records.ts";
import { forgetAnswer, pushedAnswer } from "./push.ts";

type DeliverDeps = Pick<Deps, "store" | "secrets" | "outbound">;

export async function deliverResult(
  deps: DeliverDeps,
  provider: Provider,
  { event, sink, signal }: Delivery,
): Promise<Outcome> {
  const operation = await deps.store.findOperation(event.subject);
  if (operation?.backchannel_id == null) throw new Error("An event of a CIBA request names no such operation");
  const payload = await recordsByKey(deps, requestModel, operation.backchannel_id);
  if (!isAwaited(payload, await deps.store.now())) return { failed: "request-over", final: true };
  const client = await provider.Client.find(payload.clientId ?? "");
  if (client === undefined) return { failed: "client-removed", final: true };
  const pushes = deliveryTold(client) === "push";
  const body = pushes ? await pushedAnswer(deps, { provider, client, payload, operation }) : pingOf(payload);
  if (body === "delivered") return { delivered: true };
  const { client_notification_token: token } = payload.params as { readonly client_notification_token: string };
  const answer = await deps.outbound({
    url: sink.url,
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
    signal,
  });
  const outcome = outcomeOf(answer);
  if (pushes && "delivered" in outcome) await forgetAnswer(deps, operation.backchannel_id);
  return outcome;
}

type AwaitedRequest = AdapterPayload & { readonly jti: string; readonly exp: number };

/** A little longer than it lives: a decision of its last moment is told as well. */
function isAwaited(payload: AdapterPayload | undefined, now: number): payload is AwaitedRequest {
  return payload?.jti !== undefined && payload.exp !== undefined && now < payload.exp * 1000 + graceMs;
}

function pingOf({ jti }: AwaitedRequest) {
  return { auth_req_id: jti };
}

function outcomeOf(answer: Awaited<ReturnType<Deps["outbound"]>>): Outcome {
  if ("failed" in answer) return { failed: answer.failed };
  const { status } = answer;
  if (status === 200 || status === 204) return { delivered: true };
  // It said that the token is wrong, or that it is somewhere else: asking again changes neither.
  const final = status === 401 || status === 403 || (status >= 300 && status < 400);
  return { failed: `http-${status}`, ...(final && { final }) };
}
