/** One try of one event at one receiver: body, signature, authentication, and what the answer means. */
import { hash } from "node:crypto";
import type { Event } from "../../audit/event.ts";
import type { Deps } from "../../deps.ts";
import { product } from "../../product.ts";
import type { Channel, Delivery, Outcome } from "../delivery/channels.ts";
import type { Sink } from "../sink.ts";
import type { AccessToken, AccessTokens } from "./access-tokens.ts";
import { authenticationOf, basicHeader, tlsOf } from "./authentication.ts";
import { callbackBody } from "./callback-body.ts";
import { securityEventToken, securityEventType } from "./security-event.ts";
import { signatureHeaders } from "./signing-secret.ts";

type SendDeps = Pick<Deps, "outbound" | "secrets" | "store">;

/** Our own webhooks: the event as it is. */
export function webhookChannel(deps: SendDeps, tokens: AccessTokens): Channel {
  return (delivery) => post(deps, tokens, delivery, delivery.event.id, delivery.claim.event);
}

/** The token is the whole body (RFC 8935 §2). Our own headers are there as well, over the body that is sent. */
export function securityEventChannel(
  deps: SendDeps & Pick<Deps, "signingKeys" | "publicUrl">,
  tokens: AccessTokens,
): Channel {
  return async (delivery) => {
    const { event, sink, claim } = delivery;
    const token = await securityEventToken(deps, { event, sink, deliveryId: claim.id });
    return post(deps, tokens, delivery, event.id, token, `application/${securityEventType}`);
  };
}

/** Callbacks in PowerAuth form: two of them may share an address, so each has ids of its own. */
export function callbackChannel(deps: SendDeps, tokens: AccessTokens): Channel {
  return async (delivery) => {
    const attributes = JSON.parse(delivery.sink.attributes) as string[];
    const body = callbackBody(delivery.event, attributes);
    if (body === undefined) return { delivered: true };
    return post(deps, tokens, delivery, callbackId(delivery.event, delivery.sink), JSON.stringify(body));
  };
}

async function post(
  deps: SendDeps,
  tokens: AccessTokens,
  { sink, signal }: Delivery,
  id: string,
  body: string,
  contentType = "application/json",
): Promise<Outcome> {
  const authentication = authenticationOf(deps, sink);
  const tls = tlsOf(authentication);
  const { oAuth2 } = authentication;
  const byToken = oAuth2?.enabled === true ? oAuth2 : undefined;
  const more = { signal, ...(tls !== undefined && { tls }) };
  const headers = {
    ...signatureHeaders(deps, sink, { id, now: await deps.store.now(), body }),
    "idempotency-key": id,
    "content-type": contentType,
    accept: "application/json",
    "user-agent": `${product.name}/${product.version}`,
    ...basicHeader(authentication),
  };
  const attempt = async (access?: AccessToken) => {
    if (access !== undefined && "failed" in access) return access;
    const bearer = access !== undefined && { authorization: `Bearer ${access.token}` };
    return deps.outbound({ url: sink.url, method: "POST", headers: { ...headers, ...bearer }, body, ...more });
  };
  let answer = await attempt(byToken && (await tokens.get(byToken, more)));
  // The token may have been revoked before its time: once more with a new one.
  if (byToken !== undefined && "status" in answer && answer.status === 401) {
    answer = await attempt(await tokens.get(byToken, { ...more, fresh: true }));
  }
  if ("failed" in answer) return { failed: answer.failed };
  return answer.status >= 200 && answer.status < 300 ? { delivered: true } : { failed: `http-${answer.status}` };
}

/** UUIDv8 (RFC 9562 §5.8) made from both ids, so that it stays the same whoever sends it, and however often. */
function callbackId(event: Event, sink: Sink): string {
  const hex = hash("sha256", `${event.id}.${sink.id}`, "hex");
  const variant = "89ab"[Number.parseInt(hex.charAt(16), 16) & 3];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
