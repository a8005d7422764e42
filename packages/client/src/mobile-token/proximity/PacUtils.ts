/**
 * Reads the codes of a proximity anti-fraud check, from deep links and QR codes. Needs no activation.
 */
import { isFailure } from "@countersign/protocol/errors";
import { parsePacCode, parsePacDeeplink, type PacData, type PacFailure } from "@countersign/protocol/operation/pac";
import { MobileTokenError } from "../MobileTokenError.ts";

/** Both methods throw `MobileTokenError` with reason `operations_PACFailed` and what is wrong as `detail`. */
export class PacUtils {
  /**
   * `scheme://code=JWT`, `scheme://operation?code=JWT` or `scheme://operation?oid=…&potp=…`. The one-time password is
   * undefined for an operation without proximity check.
   */
  static parseDeeplink(url: string): PacData {
    return dataOf(parsePacDeeplink(String(url)));
  }

  /** A deep link, with or without its scheme, or the JWT alone. */
  static parseQRCode(code: string): PacData {
    return dataOf(parsePacCode(String(code)));
  }
}

function dataOf(parsed: PacData | PacFailure): PacData {
  if (!isFailure(parsed)) return parsed;
  throw new MobileTokenError("operations_PACFailed", `The code is no proximity code: ${parsed.reason}`, {
    detail: parsed.reason,
  });
}
