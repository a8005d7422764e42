/** The person's answers: to a transaction, directly, or "not now" (Approve protocol §8 and §9). */
import { prepareMessage, signMessage } from "@countersign/protocol/approve/message";
import { answerSeconds, cancel, type CancelClaims, direct, response } from "@countersign/protocol/approve/response";
import { callAs, freshNonce } from "./call.ts";
import { dated, serverSeconds } from "./clock.ts";
import type { ApproveDevice } from "./device.ts";
import { ApproveError } from "./errors.ts";
import type { Credential } from "./key-vault.ts";
import { activeCaller } from "./renew.ts";
import { type Accepted, answer } from "./sequence.ts";
import { digestOf, keyOf, requireContainer, unique } from "./state.ts";
import { type Fetched, pathOf } from "./transactions/transaction.ts";

interface Given {
  readonly status: string;
  readonly credential: Credential;
  /** Mobile context, as it came. */
  readonly context?: string | undefined;
}

export interface ResponseInput extends Given {
  readonly transaction: Fetched;
  /** Six digits, where the transaction asks for them. */
  readonly number?: string | undefined;
}

/** Resolves once the server has accepted. */
export async function respond(device: ApproveDevice, id: string, input: ResponseInput): Promise<Accepted> {
  const { transaction, status, context, number, credential } = input;
  const { claims, text: told } = transaction;
  const use = claims.allowed.find((one) => one.status === status)?.key;
  if (use === undefined) throw new ApproveError("status-not-allowed", "This answer is not among the allowed ones");
  const { kid } = keyOf(await requireContainer(device, id), use);
  return answer(device, id, credential, {
    path: `${pathOf(claims.tid)}/response`,
    member: "response",
    kid,
    meaning: digestOf(device, JSON.stringify([claims.tid, status, context, number])),
    status,
    context,
    async prepare(own) {
      const exp = own.iat + answerSeconds.response;
      const made = {
        ...own,
        tid: claims.tid,
        nonce: claims.nonce,
        tx_sha256: digestOf(device, told),
        shown_sha256: digestOf(device, claims.display.text),
        exp,
        ...(number !== undefined && { num: number }),
      };
      return { input: prepareMessage(response, made, kid), exp };
    },
  });
}

export interface DirectInput extends Given {
  /** Tells this request from others: asked again, it is sent again. */
  readonly reference: string;
  readonly use: "auth" | "tx";
  readonly message: string;
  /** Who may redeem it. */
  readonly client: string;
  readonly authorizationDetails?: readonly object[] | undefined;
}

/** Signs what the device itself starts (APV-DCS-1). */
export async function signDirectly(device: ApproveDevice, id: string, input: DirectInput): Promise<Accepted> {
  const { use, message, client, status, authorizationDetails, context, credential, reference } = input;
  const { kid } = keyOf(await requireContainer(device, id), use);
  return answer(device, id, credential, {
    path: "/approve/v1/direct",
    member: "request",
    kid,
    meaning: digestOf(device, JSON.stringify([reference, status, context])),
    status,
    context,
    async prepare(own, caller) {
      const exp = own.iat + answerSeconds.direct;
      const made = {
        ...own,
        nonce: await freshNonce(device, caller),
        azp: client,
        message,
        shown_sha256: digestOf(device, message),
        exp,
        ...(authorizationDetails !== undefined && { authorizationDetails }),
      };
      return { input: prepareMessage(direct, made, kid), exp };
    },
  });
}

/** "Not now", or "not me": by the key that asks nobody (APV-CAN-1). */
export async function cancelTransaction(
  device: ApproveDevice,
  id: string,
  { tid, ...said }: Pick<CancelClaims, "tid" | "reason" | "message">,
): Promise<void> {
  const { container, caller } = await activeCaller(device, id);
  const { kid } = keyOf(container, "pop");
  const { cid: iss, iss: aud } = container;
  await dated(device, aud, async () => {
    const claims = { ...said, tid, iss, aud, jti: unique(device), iat: serverSeconds(device, aud) };
    const text = await signMessage(cancel, claims, { kid, sign: (data) => caller.pop.sign(data) });
    const body = JSON.stringify({ cancel: text });
    await callAs(device, caller, { method: "POST", path: `${pathOf(tid)}/cancel`, body });
  });
}
