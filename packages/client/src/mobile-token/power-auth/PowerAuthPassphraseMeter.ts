/** How easily a PIN can be guessed. */
import { PowerAuthError } from "../PowerAuthError.ts";
import { PowerAuthPassword, type PasswordType } from "../PowerAuthPassword.ts";
import { readPinResult, type PinTestResult } from "./pin-test-result.ts";

export class PowerAuthPassphraseMeter {
  /** Works on the device alone, and uses no password up. Throws `WRONG_PARAMETER` for what are not 4 to 100 digits. */
  static async testPin(pin: PasswordType): Promise<PinTestResult> {
    if (pin instanceof PowerAuthPassword) return pin.testPinStrength();
    if (typeof pin !== "string") throw new PowerAuthError("WRONG_PARAMETER", "A PIN is a password or a string");
    return readPinResult(Array.from(pin, (character) => (/^[0-9]$/.test(character) ? Number(character) : -1)));
  }
}
