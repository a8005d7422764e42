/** Values that other editions spell in lower camel case. */
import { SigningKey } from "../offline/QrOperation.ts";
import { ProximityCheckType } from "../proximity/ProximityCheck.ts";

export const WMTSigningKey = {
  ...SigningKey,
  master: SigningKey.MASTER,
  personalized: SigningKey.PERSONALIZED,
} as const;

export const WMTProximityCheckType = {
  ...ProximityCheckType,
  qrCode: ProximityCheckType.QR_CODE,
  deeplink: ProximityCheckType.DEEPLINK,
} as const;
