/**
 * Confirming a recovery code, as servers before 2.0 offer it. Newer ones, ours included, answer that there is nothing at
 * this address.
 */
import { fromUtf8, utf8 } from "@countersign/protocol/bytes";
import { isFailure } from "@countersign/protocol/errors";
import { encryptorIds } from "@countersign/protocol/powerauth/ecies";
import { parseRecoveryCode } from "@countersign/protocol/powerauth/recovery";
import type { Device } from "../device.ts";
import { decryptAnswer, encryptForActivation } from "../encrypt.ts";
import { EngineError } from "../errors.ts";
import { signAndSend } from "../sign.ts";
import { inTurn } from "../state.ts";
import type { CallOptions } from "../transport.ts";
import type { Unlock } from "../unlock.ts";

/** Whether it was confirmed before. Spends a counter value. Throws `recovery-code-invalid`, and `refused` (404). */
export function confirmRecoveryCode(
  device: Device,
  unlock: Unlock,
  recoveryCode: string,
  options?: CallOptions,
): Promise<boolean> {
  const parsed = parseRecoveryCode(recoveryCode);
  if (isFailure(parsed)) throw new EngineError("recovery-code-invalid", "The recovery code is not valid");
  return inTurn(device, async () => {
    const plaintext = utf8(JSON.stringify({ recoveryCode: parsed.code }));
    const encrypted = await encryptForActivation(device, encryptorIds.recoveryConfirm, plaintext, options);
    const body = JSON.stringify(encrypted.request);
    const call = { path: "/pa/v3/recovery/confirm", uriId: "/pa/recovery/confirm", body };
    const answer = await signAndSend(device, unlock, call, options);
    const { alreadyConfirmed } = JSON.parse(fromUtf8(decryptAnswer(device, encrypted, answer)) ?? "{}") as {
      alreadyConfirmed?: unknown;
    };
    return alreadyConfirmed === true;
  });
}
