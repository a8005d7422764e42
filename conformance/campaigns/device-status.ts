/** How a device finds its place again, and how the campaign learns where the server's counter really stands. */
import { equalBytes, fromBase64, toBase64 } from "@countersign/protocol/bytes";
import { nodeCrypto as crypto } from "@countersign/protocol/crypto-node";
import { isFailure } from "@countersign/protocol/errors";
import { openStatusBlob } from "@countersign/protocol/powerauth/activation-status";
import { counterHash, reconcileCounter } from "@countersign/protocol/powerauth/counter";
import { type Device, counterAt, random } from "./device.ts";
import type { History, StatusEntry } from "./history.ts";
import { isLost, send, textOf } from "./http.ts";

/** Asks for the status and reconciles. False when no answer came; what is wrong with an answer goes into the history. */
export async function reconcile(publicUrl: string, device: Device, history: History): Promise<boolean> {
  const { activationId, keys } = device;
  const challenge = random(16);
  const entry = history.begin<StatusEntry>({ kind: "status", activation: activationId });
  const body = JSON.stringify({ requestObject: { activationId, challenge: toBase64(challenge) } });
  const answer = await send({ url: `${publicUrl}/pa/v3/activation/status`, body });
  if (isLost(answer)) return false;
  history.answer(entry, answer.status);
  if (answer.status !== 200) return false;
  const text = textOf(answer.json, "responseObject", "encryptedStatusBlob");
  const nonce = fromBase64(textOf(answer.json, "responseObject", "nonce"));
  const blob = openStatusBlob(crypto, keys, text, challenge, nonce);
  if (isFailure(blob)) {
    history.odd("status-readable", `${activationId}: ${blob.error}`);
    return true;
  }
  entry.state = blob.state;
  entry.failedAttempts = blob.failedAttempts;
  const position = serverPosition(device, blob.ctrByte, blob.ctrDataHash);
  if (position === undefined) history.odd("counter-known", `${activationId}: the server is at no counter it ever had`);
  else entry.counter = position;

  const local = { ctrData: counterAt(device, device.next), ctrByte: device.next % 256 };
  const { outcome } = reconcileCounter(crypto, local, blob, keys.transportCtr);
  if (outcome === "deadlock") history.odd("counter-reconciles", `${activationId}: device ${device.next}, server ${position}`);
  if (outcome === "adopted") history.odd("counter-reconciles", `${activationId}: the server is ahead of its device`);
  return true;
}

/** The one position near the device's own whose low byte and hash are the server's. */
function serverPosition(device: Device, ctrByte: number, hash: Uint8Array): number | undefined {
  const nearest = device.next - ((((device.next - ctrByte) % 256) + 256) % 256);
  for (const position of [nearest, nearest + 256]) {
    if (position < 0 || position > device.next + 64) continue;
    if (equalBytes(counterHash(crypto, device.keys.transportCtr, counterAt(device, position)), hash)) return position;
  }
  return undefined;
}
