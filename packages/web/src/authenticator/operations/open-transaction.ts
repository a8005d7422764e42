/** A scanned id of a transaction: looked up among the accounts of its server, and brought into the list. */
import { approveDevice } from "../accounts/approve.ts";
import { findAccount } from "../accounts/accounts.ts";
import { addTransaction } from "./pending.ts";

/** Throws what the SDK throws, for an id of no account of this device too. */
export async function openTransaction(text: string): Promise<{ readonly account: string; readonly id: string }> {
  const device = await approveDevice();
  const info = await device.retrieveActionInfo(text);
  const account = findAccount(info.container.id);
  if (account?.kind === "approve") await addTransaction(account, text);
  return { account: info.container.id, id: info.uniqueIdentifier };
}
