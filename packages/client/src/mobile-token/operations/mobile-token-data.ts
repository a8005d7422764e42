/** The customer's own data of a decision: checked before anything is signed, so that nothing of it is lost on the way. */
import { isRecord } from "../../engine/transport.ts";
import { MobileTokenError, type MobileTokenErrorDetail } from "../MobileTokenError.ts";

/**
 * The member of a request; nothing where there is no data. Throws `network_invalidRequestObject` for anything but an
 * object, and for an object of which JSON would leave something out or change it.
 */
export function mobileTokenDataMember(data: unknown): { readonly mobileTokenData?: object } {
  if (data === undefined || data === null) return {};
  if (!isRecord(data)) throw invalid("mobile-token-data-no-object");
  requireJson(data);
  // A date, for example, is an object here and a text there.
  if (!JSON.stringify(data).startsWith("{")) throw invalid("mobile-token-data-no-object");
  return { mobileTokenData: data };
}

/** Throws as `mobileTokenDataMember`. Members that are undefined are as good as missing. */
export function requireJson(value: unknown): void {
  try {
    JSON.stringify(value, (_name, member: unknown) => {
      const isLost =
        typeof member === "function" ||
        typeof member === "symbol" ||
        member instanceof Map ||
        member instanceof Set ||
        (typeof member === "number" && !Number.isFinite(member));
      if (isLost) throw new TypeError("JSON cannot carry this");
      return member;
    });
  } catch (cause) {
    throw invalid("mobile-token-data-no-json", cause);
  }
}

function invalid(detail: MobileTokenErrorDetail, originalException?: unknown): MobileTokenError {
  return new MobileTokenError("network_invalidRequestObject", `The request cannot be written: ${detail}`, {
    detail,
    originalException,
  });
}
