/**
 * An operation as an offline QR code brings it. What is shown, what is verified and what is signed all come from the one
 * scanned text.
 */
import { toBase64 } from "@countersign/protocol/bytes";
import type { OperationField } from "@countersign/protocol/operation/data";
import type { OfflineQr } from "@countersign/protocol/operation/offline-qr";

export interface QrOperation {
  readonly operationId: string;
  /** May have several lines, like `message`. */
  readonly title: string;
  readonly message: string;
  readonly operationData: QrOperationData;
  /** Base64 of 16 bytes, as received. */
  readonly nonce: string;
  readonly flags: QrOperationFlags;
  /** One-time password of the proximity check, where the code has one. It becomes a part of what is signed. */
  readonly totp?: string;
  /** The text to hand to `verifyServerSignedData`. */
  readonly signedData: string;
  readonly signature: QrOperationSignature;
  /** The code has more lines than this version knows. They are signed, but cannot be shown: worth a warning. */
  readonly isNewerFormat: boolean;
}

export interface QrOperationData {
  /** Capital letter. `A` is the version known here; of others, fields may mean something else. */
  readonly version: string;
  /** 0 to 99. */
  readonly templateId: number;
  /** At most six. */
  readonly fields: readonly QrOperationField[];
  /** The whole line, which is signed as it stands. */
  readonly sourceString: string;
}

/** Amounts are decimal texts, with a digit before the point, and dates are `YYYY-MM-DD`: nothing is rounded or shifted. */
export type QrOperationField =
  | { readonly type: "empty" }
  | { readonly type: "amount"; readonly amount: string; readonly currency: string }
  | { readonly type: "account"; readonly iban: string; readonly bic?: string }
  | { readonly type: "anyAccount"; readonly account: string }
  | { readonly type: "date"; readonly date: string }
  | { readonly type: "reference"; readonly text: string }
  | { readonly type: "note"; readonly text: string }
  | { readonly type: "text"; readonly text: string }
  /** A letter that is not known here, and its content. */
  | { readonly type: "fallback"; readonly text: string; readonly rawType: string };

export interface QrOperationFlags {
  /** Without it, only the password may approve. */
  readonly biometricsAllowed: boolean;
  readonly flipButtons: boolean;
  readonly fraudWarning: boolean;
  readonly blockWhenOnCall: boolean;
}

export interface QrOperationSignature {
  readonly signingKey: SigningKey;
  readonly signature: Uint8Array;
  /** Base64 of a DER signature. */
  readonly signatureString: string;
}

/** The server's key for the application, or its key for this one activation. */
export type SigningKey = "MASTER" | "PERSONALIZED";
export const SigningKey = { MASTER: "MASTER", PERSONALIZED: "PERSONALIZED" } as const;

export function qrOperationOf(code: OfflineQr): QrOperation {
  const { biometryAllowed, ...flags } = code.flags;
  return {
    operationId: code.operationId,
    title: code.title,
    message: code.message,
    operationData: {
      version: code.data.version,
      templateId: code.data.template,
      fields: code.data.fields.map(fieldOf),
      sourceString: code.operationData,
    },
    nonce: code.nonce,
    flags: { biometricsAllowed: biometryAllowed, ...flags },
    ...(code.totp !== undefined && { totp: code.totp }),
    signedData: code.signedText,
    signature: {
      signingKey: code.keyIndicator === "0" ? SigningKey.MASTER : SigningKey.PERSONALIZED,
      signature: code.signature,
      signatureString: toBase64(code.signature),
    },
    isNewerFormat: code.isNewerFormat,
  };
}

function fieldOf(field: OperationField): QrOperationField {
  switch (field.type) {
    case "amount":
      return { ...field, amount: field.amount.replace(/^(-?)\./, (_, sign: string) => `${sign}0.`) };
    case "any-account":
      return { type: "anyAccount", account: field.text };
    case "unknown":
      return { type: "fallback", text: field.text, rawType: field.letter };
    default:
      return field;
  }
}
