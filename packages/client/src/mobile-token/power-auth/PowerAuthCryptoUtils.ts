/** Hash and randomness for applications that have neither. Bytes are Base64 texts; needs no configured instance. */
import { fromBase64, toBase64 } from "@countersign/protocol/bytes";
import { platformHash, platformRandom } from "../../platform/environment.ts";
import { PowerAuthError } from "../PowerAuthError.ts";

const mostAtOnce = 65_536;

export class PowerAuthCryptoUtils {
  /** SHA-256. Throws `WRONG_PARAMETER` for what is no Base64. */
  static async hashSha256(dataBase64: string): Promise<string> {
    const bytes = typeof dataBase64 === "string" ? fromBase64(dataBase64) : undefined;
    if (bytes === undefined) throw new PowerAuthError("WRONG_PARAMETER", "The data is not Base64");
    return toBase64(platformHash(bytes));
  }

  /** Fit for keys. Throws `WRONG_PARAMETER` unless the length is a whole number from 1 to 65536. */
  static async randomBytes(length: number): Promise<string> {
    if (!Number.isInteger(length) || length < 1 || length > mostAtOnce) {
      throw new PowerAuthError("WRONG_PARAMETER", "The length is not a whole number from 1 to 65536");
    }
    return toBase64(platformRandom(length));
  }
}
