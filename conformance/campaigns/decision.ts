/** A decision as a device sends it, and an operation as the bank reads it, both kept in the history. */
import type { Bank } from "./bank.ts";
import { type Device, sign, type Signed } from "./device.ts";
import type { DecideEntry, History, ReadEntry } from "./history.ts";
import { type Answer, isLost, memberOf, send } from "./http.ts";

export function signDecision(
  device: Device,
  action: "approve" | "reject",
  operation: string,
  data: string,
  pin: DecideEntry["pin"],
  counter?: number,
): Signed {
  const at = counter === undefined ? {} : { counter };
  if (action === "reject") {
    const body = JSON.stringify({ requestObject: { id: operation, reason: "UNEXPECTED_OPERATION" } });
    return sign(device, { uriId: "/operation/cancel", body, factors: "possession", ...at });
  }
  const body = JSON.stringify({ requestObject: { id: operation, data } });
  const chosen = pin === "wrong" ? "wrong" : "right";
  return sign(device, { uriId: "/operation/authorize", body, factors: "possession_knowledge", pin: chosen, ...at });
}

/** Sends a signed decision and keeps it, with its answer, in the history. */
export async function submit(
  url: string,
  history: History,
  device: Device,
  decision: Pick<DecideEntry, "operation" | "action" | "pin"> & { readonly signed: Signed },
): Promise<Answer> {
  const { operation, action, pin, signed } = decision;
  const path = action === "approve" ? "authorize" : "cancel";
  const entry = history.begin<DecideEntry>({
    kind: "decide",
    activation: device.activationId,
    operation,
    action,
    pin,
    counter: signed.counter,
    digest: signed.digest,
  });
  const { headers, body } = signed;
  const answer = await send({ url: `${url}/api/auth/token/app/operation/${path}`, headers, body });
  if (!isLost(answer)) history.answer(entry, answer.status, codeOf(answer));
  return answer;
}

/** Status of the operation as the bank is told; undefined when no answer came. */
export async function readOperation(bank: Bank, history: History, operation: string): Promise<string | undefined> {
  const entry = history.begin<ReadEntry>({ kind: "read", operation });
  const answer = await bank.call("GET", `/v1/operations/${operation}`);
  if (isLost(answer)) return undefined;
  history.answer(entry, answer.status, codeOf(answer));
  if (answer.status === 503) return undefined;
  const state = memberOf(answer.json, "status");
  entry.state = typeof state === "string" ? state : `HTTP ${answer.status}`;
  return entry.state;
}

/** The stable code in a refusal, in the form of whichever surface. */
export function codeOf(answer: Answer): string | undefined {
  if (isLost(answer) || answer.status < 300) return undefined;
  const code = memberOf(answer.json, "responseObject", "code") ?? memberOf(answer.json, "code");
  return typeof code === "string" ? code : undefined;
}
