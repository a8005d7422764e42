/** How a device finds its place again, and how the campaign learns where the server's counter really stands. */
import { equalBytes, fromBase64, toBase64 } from "@countersign/protocol/bytes";
import { nodeCrypto as crypto } from "@countersign/protocol/crypto-node";
import { isFailure } from "@countersign/protocol/errors";
import { type ActivationStatusBlob, openStatusBlob } from "@countersign/protocol/powerauth/activation-status";
import { counterHash, reconcileCounter } from "@countersign/protocol/powerauth/counter";
import { type Device, counterAt, random } from "./device.ts";
import type { History, StatusEntry } from "./history.ts";
import { isLost, send, textOf } from "./http.ts";

/** Asks for the status. Undefined when no answer came; what is wrong with one goes into the history. */
export async function readStatus(
  publicUrl: string,
  device: Device,
  history: History,
): Promise<StatusEntry | undefined> {
  return (await ask(publicUrl, device, history))?.entry;
}

/** As a device does after a lost answer: reads the status and finds its counter's place again, which must be possible. */
export async function reconcile(publicUrl: string, device: Device, history: History): Promise<boolean> {
  const answer = await ask(publicUrl, device, history);
  if (answer === undefined) return false;
  const { blob, entry } = answer;
  if (blob === undefined) return true;
  const local = { ctrData: counterAt(device, device.next), ctrByte: device.next % 256 };
  const { outcome } = reconcileCounter(crypto, local, blob, device.keys.transportCtr);
  if (outcome === "deadlock" || outcome === "adopted") {
    const text = `${device.activationId}: ${outcome}; device ${device.next}, server ${entry.counter}`;
    history.odd("counter-reconciles", text);
  }
  return true;
}

interface StatusAnswer {
  readonly entry: StatusEntry;
  /** Undefined when it cannot be read. */
  readonly blob?: ActivationStatusBlob;
}

async function ask(publicUrl: string, device: Device, history: History): Promise<StatusAnswer | undefined> {
  const { activationId, keys } = device;
  const challenge = random(16);
  const entry = history.begin<StatusEntry>({ kind: "status", activation: activationId });
  const body = JSON.stringify({ requestObject: { activationId, challenge: toBase64(challenge) } });
  const answer = await send({ url: `${publicUrl}/pa/v3/activation/status`, body });
  if (isLost(answer)) return undefined;
  history.answer(entry, answer.status);
  if (answer.status !== 200) return undefined;
  const text = textOf(answer.json, "responseObject", "encryptedStatusBlob");
  const nonce = fromBase64(textOf(answer.json, "responseObject", "nonce"));
  const blob = openStatusBlob(crypto, keys, text, challenge, nonce);
  if (isFailure(blob)) {
    history.odd("status-readable", `${activationId}: ${blob.error}`);
    return { entry };
  }
  entry.state = blob.state;
  entry.failedAttempts = blob.failedAttempts;
  const position = serverPosition(device, blob.ctrByte, blob.ctrDataHash);
  if (position === undefined) history.odd("counter-known", `${activationId}: the server is at no counter it ever had`);
  else entry.counter = position;
  return { entry, blob };
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
