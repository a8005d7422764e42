/**
 * What a screen shows so that a device near it can prove that it is (PowerAuth 3.x, proximity check): a code to scan, or
 * a link to follow. Both name the operation; with its password they prove, without they only find it, for an operation
 * that has no user yet.
 */
import { toBase64Url, utf8 } from "@countersign/protocol/bytes";

/** As `createOperation` and `getOperation` give it. */
export interface ProximityOperation {
  readonly id: string;
  readonly proximityOtp?: string;
}

/** `scheme://operation?oid=…&potp=…`. `scheme` is the one that your app registered, without `://`. */
export function proximityLink(scheme: string, { id, proximityOtp }: ProximityOperation): string {
  if (!/^[A-Za-z][A-Za-z0-9+.-]*$/.test(scheme)) throw new TypeError("Not a URL scheme");
  const otp = proximityOtp === undefined ? "" : `&potp=${encodeURIComponent(proximityOtp)}`;
  return `${scheme}://operation?oid=${encodeURIComponent(id)}${otp}`;
}

/** The text of a QR code: an unsigned JWT. The server, not the code, says whether operation and password belong together. */
export function proximityCode({ id, proximityOtp }: ProximityOperation): string {
  const part = (value: object) => toBase64Url(utf8(JSON.stringify(value)));
  const payload = { oid: id, ...(proximityOtp !== undefined && { potp: proximityOtp }) };
  return `${part({ type: "JWT", alg: "none" })}.${part(payload)}.`;
}
