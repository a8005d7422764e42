/**
 * Reads the QR code of an offline operation. Reading is not verifying: show nothing before `verifyServerSignedData` has
 * said yes.
 */
import { isFailure } from "@countersign/protocol/errors";
import { parseOfflineQr } from "@countersign/protocol/operation/offline-qr";
import { MobileTokenError } from "../MobileTokenError.ts";
import { qrOperationOf, type QrOperation } from "./QrOperation.ts";

export class QrOperationParser {
  /**
   * Needs no activation. Throws `MobileTokenError` with reason `operations_QRFailed` and the first thing that is wrong as
   * `detail`, in the order text, lines, operation id, signature, nonce, one-time password, data.
   */
  static parse(code: string): QrOperation {
    const parsed = parseOfflineQr(String(code));
    if (!isFailure(parsed)) return qrOperationOf(parsed);
    throw new MobileTokenError("operations_QRFailed", `The code is no offline operation: ${parsed.reason}`, {
      detail: parsed.reason,
    });
  }
}
