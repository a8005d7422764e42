/** What became of the transactions that a container was told (APV-HIS-1), page by page. */
import { type HistoryClaims, history } from "@countersign/protocol/approve/history";
import { isUnsafe } from "@countersign/protocol/approve/shown";
import { callAs } from "../call.ts";
import type { ApproveDevice } from "../device.ts";
import { ApproveError } from "../errors.ts";
import type { Credential } from "../key-vault.ts";
import { activeCaller } from "../renew.ts";
import { keyOf } from "../state.ts";
import { openSealed } from "./transaction.ts";

/** Throws what the server refuses with, what the vault throws for the session key, and `message-wrong`. */
export async function pastTransactions(
  device: ApproveDevice,
  id: string,
  credential: Credential,
  after: string | undefined,
): Promise<HistoryClaims> {
  const { container, caller } = await activeCaller(device, id);
  const opener = await device.vaultOf(id).opener(keyOf(container, "enc").kid, credential);
  const body = JSON.stringify({ after });
  const answer = await callAs(device, caller, { method: "POST", path: "/approve/v1/history", body, repeatable: true });
  const { claims } = await openSealed(device, container, opener, history, answer.history);
  if (!claims.transactions.some(({ text }) => isUnsafe(text))) return claims;
  throw new ApproveError("message-wrong", "A past transaction cannot be shown");
}
