/**
 * Activation codes as people type and scan them. Needs no configured instance.
 */
import { isFailure } from "@countersign/protocol/errors";
import {
  correctTypedCharacter,
  isActivationCode,
  isTypedCharacter,
  parseActivationCode,
} from "@countersign/protocol/powerauth/activation-code";
import { isPuk, parseRecoveryCode } from "@countersign/protocol/powerauth/recovery";
import { PowerAuthError } from "./PowerAuthError.ts";

export interface PowerAuthActivationCode {
  readonly activationCode: string;
  /** Base64. Its form is checked, not the signature: `verifyScannedActivationCode` does that. */
  readonly activationSignature?: string;
}

export class PowerAuthActivationCodeUtil {
  /** Reads `CODE` or `CODE#SIGNATURE`, without correcting anything. Throws `INVALID_ACTIVATION_CODE`. */
  static async parseActivationCode(activationCode: string): Promise<PowerAuthActivationCode> {
    const scanned = parseActivationCode(String(activationCode));
    if (isFailure(scanned)) throw new PowerAuthError("INVALID_ACTIVATION_CODE", "The activation code is not valid");
    const { code, signature } = scanned;
    return { activationCode: code, ...(signature !== undefined && { activationSignature: signature }) };
  }

  /** Whether it is a complete code. One with a signature is not. */
  static async validateActivationCode(activationCode: string): Promise<boolean> {
    return isActivationCode(String(activationCode));
  }

  /** Reads a recovery code, with or without its `R:`. Throws `INVALID_RECOVERY_CODE`. */
  static async parseRecoveryCode(recoveryCode: string): Promise<PowerAuthActivationCode> {
    const parsed = parseRecoveryCode(String(recoveryCode));
    if (isFailure(parsed)) throw new PowerAuthError("INVALID_RECOVERY_CODE", "The recovery code is not valid");
    return { activationCode: parsed.code };
  }

  /** Whether it is a complete recovery code, with or without its `R:`. */
  static async validateRecoveryCode(recoveryCode: string): Promise<boolean> {
    return !isFailure(parseRecoveryCode(String(recoveryCode)));
  }

  /** Whether it has ten digits. */
  static async validateRecoveryPuk(puk: string): Promise<boolean> {
    return isPuk(String(puk));
  }

  /** Whether a code may contain the character, given as code point, as it is. */
  static async validateTypedCharacter(character: number): Promise<boolean> {
    return isTypedCharacter(character);
  }

  /** Upper case, `O` for `0`, `I` for `1`. Throws `INVALID_CHARACTER` for what no code contains. */
  static async correctTypedCharacter(character: number): Promise<number> {
    const corrected = correctTypedCharacter(character);
    if (corrected !== undefined) return corrected;
    throw new PowerAuthError("INVALID_CHARACTER", "No activation code contains this character");
  }
}
