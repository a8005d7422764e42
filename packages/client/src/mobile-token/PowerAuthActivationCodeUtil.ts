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
