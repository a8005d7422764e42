/** What can be answered to a transaction of an Approve server, in the words that the server allows. */
import type { Transaction } from "@countersign/client/approve";
import { hasPasskey } from "../../accounts/approve.ts";
import type { PendingTransaction } from "../pending.ts";

type Password = Uint8Array | null;

export async function open({ info }: PendingTransaction, password: Password): Promise<Transaction> {
  return info.getAction(bytesOf(password));
}

/** Whether the key asks for one: not where the device alone, or a recognised person, will do. */
export async function needsPassword({ signingKey: { protectionPolicy } }: Transaction): Promise<boolean> {
  return protectionPolicy.type !== "DEVICE" && !(await hasPasskey(protectionPolicy));
}

export const answerers = {
  async approve(transaction: Transaction, password: Password, number?: string): Promise<void> {
    const { Parameter, SDKConstants } = await import("@countersign/client/approve");
    const parameters = number === undefined ? [] : [new Parameter(SDKConstants.PARAM_TX_NUMBER, number)];
    await transaction.setStatus(statusOf(transaction, "approve"), bytesOf(password), null, parameters);
  },
  async reject(transaction: Transaction, password: Password): Promise<void> {
    const status = transaction.allowedStatuses.find((one) => transaction.getEffect(one) === "deny");
    if (status !== undefined) await transaction.setStatus(status, bytesOf(password));
    else await transaction.cancel("", "USER_CANCEL");
  },
  async report(transaction: Transaction, password: Password): Promise<void> {
    const status = transaction.allowedStatuses.find((one) => transaction.getEffect(one) === "report");
    if (status !== undefined) await transaction.setStatus(status, bytesOf(password));
    else if (transaction.isCancelable()) await transaction.cancel("", "NOTIFY_SUSPICIOUS");
    else await answerers.reject(transaction, password);
  },
};

function statusOf(transaction: Transaction, effect: "approve"): string {
  const status = transaction.allowedStatuses.find((one) => transaction.getEffect(one) === effect);
  if (status === undefined) throw new TypeError("The transaction cannot be approved");
  return status;
}

/** The SDK wipes what it is given. */
function bytesOf(password: Password): Uint8Array<ArrayBuffer> | null {
  return password && Uint8Array.from(password);
}
