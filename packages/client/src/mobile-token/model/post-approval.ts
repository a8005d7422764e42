/** The screen to show after an operation was approved. One of a type that is not known keeps heading, message and payload. */
import { isRecord } from "../../engine/transport.ts";
import { readAttribute, type OperationAttribute } from "./attributes.ts";
import { isNumber, isText, listOf, objectOf, textOf, given, type JsonObject, type JsonValue } from "./members.ts";

interface Screen {
  readonly heading: string;
  readonly message: string;
  readonly raw: JsonObject;
}

/** Servers write `MERCHANT_REDIRECT`, some applications know it as `REDIRECT`: both are read as this. */
export interface PostApprovalRedirect extends Screen {
  readonly type: "MERCHANT_REDIRECT";
  readonly payload: {
    readonly redirectText: string;
    readonly redirectUrl: string;
    /** Seconds until the redirect goes by itself. */
    readonly countdown?: number;
  };
}

export interface PostApprovalReview extends Screen {
  readonly type: "REVIEW";
  readonly payload: { readonly attributes: readonly OperationAttribute[] };
}

export interface PostApprovalGeneric extends Screen {
  readonly type: "GENERIC";
  /** Any JSON; undefined where there is none. */
  readonly payload: JsonValue | undefined;
}

/** `raw.type` has the type. Also a redirect without address. */
export interface PostApprovalUnknown extends Screen {
  readonly type: "UNKNOWN";
  readonly payload: JsonValue | undefined;
}

export type PostApprovalScreen = PostApprovalRedirect | PostApprovalReview | PostApprovalGeneric | PostApprovalUnknown;

export function readPostApprovalScreen(value: unknown): PostApprovalScreen | undefined {
  if (!isRecord(value)) return undefined;
  const screen = { heading: textOf(value.heading), message: textOf(value.message), raw: value };
  const payload = objectOf(value.payload);
  const asReceived = value.payload as JsonValue | undefined;
  switch (value.type) {
    case "MERCHANT_REDIRECT":
    case "REDIRECT": {
      if (!isText(payload.redirectUrl)) return { type: "UNKNOWN", ...screen, payload: asReceived };
      return {
        type: "MERCHANT_REDIRECT",
        ...screen,
        payload: {
          redirectText: textOf(payload.redirectText),
          redirectUrl: payload.redirectUrl,
          ...given("countdown", payload.countdown, isNumber),
        },
      };
    }
    case "REVIEW":
      return { type: "REVIEW", ...screen, payload: { attributes: listOf(payload.attributes).map(readAttribute) } };
    case "GENERIC":
      return { type: "GENERIC", ...screen, payload: asReceived };
    default:
      return { type: "UNKNOWN", ...screen, payload: asReceived };
  }
}
