/**
 * An operation as the person sees it, read tolerantly: unknown values are kept, what is odd becomes a fallback, and no
 * odd operation keeps another one from being shown.
 */
import { isRecord } from "../../engine/transport.ts";
import { readAttribute, type OperationAttribute } from "./attributes.ts";
import { readDate } from "./dates.ts";
import { given, isBoolean, isText, listOf, objectOf, textOf, type Extensible, type JsonObject } from "./members.ts";
import { readPostApprovalScreen, type PostApprovalScreen } from "./post-approval.ts";
import {
  readLegacyScreen,
  readPreApprovalScreens,
  type LegacyPreApprovalScreen,
  type PreApprovalScreen,
} from "./pre-approval.ts";
import { readTemplates, type OperationTemplates } from "./templates.ts";

export type UserOperationStatus = Extensible<"PENDING" | "APPROVED" | "REJECTED" | "CANCELED" | "EXPIRED" | "FAILED">;
export type SignatureType = Extensible<"1FA" | "2FA" | "ECDSA">;
export type SignatureVariant = Extensible<"possession" | "possession_knowledge" | "possession_biometry">;
/** The variants by name, for `allowedSignatureType.variants.includes(…)`. */
export const SignatureVariant = {
  possession: "possession",
  possessionKnowledge: "possession_knowledge",
  possessionBiometry: "possession_biometry",
} as const;

/** What is needed to decide on an operation, wherever it came from. */
export interface OnlineOperation {
  readonly id: string;
  /** The exact data that is signed. */
  readonly data: string;
  readonly proximityCheck?: OperationProximityCheck | null | undefined;
  /** Customer's own data for the server: an object of whatever JSON can carry. */
  readonly mobileTokenData?: unknown;
}

export interface OperationProximityCheck {
  readonly totp: string;
  readonly type: Extensible<"QR_CODE" | "DEEPLINK">;
  readonly timestampReceived: Date;
}

export interface UserOperation extends OnlineOperation {
  /** Type of the operation, such as `login` or `authorize_payment`. */
  readonly name: string;
  /** `PENDING` where the server names none. */
  readonly status: UserOperationStatus;
  /** A word for machines, such as `TOO_LATE`. */
  readonly statusReason?: string;
  /** Undefined where the server sent no date that can be read. */
  readonly operationCreated: Date | undefined;
  readonly operationExpires: Date | undefined;
  readonly allowedSignatureType: AllowedSignatureType;
  readonly formData: FormData;
  readonly ui?: OperationUi;
  /** The two members that an application sets before `authorize`. */
  proximityCheck?: OperationProximityCheck | null | undefined;
  mobileTokenData?: unknown;
  /** The whole operation as received. */
  readonly raw: JsonObject;
}

export interface AllowedSignatureType {
  readonly type: SignatureType;
  /** Empty for `1FA`: the device alone will do. */
  readonly variants: readonly SignatureVariant[];
  readonly isBiometryAllowed: boolean;
}

export interface FormData {
  readonly title: string;
  readonly message: string;
  /** What to say after the decision, where the server has words for it. */
  readonly resultTexts?: ResultTexts;
  readonly attributes: readonly OperationAttribute[];
}

export interface ResultTexts {
  readonly success?: string;
  readonly failure?: string;
  readonly reject?: string;
}

export interface OperationUi {
  /** Approve and reject change places. */
  readonly flipButtons?: boolean;
  /** Not to be approved during a phone call. */
  readonly blockApprovalOnCall?: boolean;
  /** The older form of the next member, as received. */
  readonly preApprovalScreen?: LegacyPreApprovalScreen;
  /** To be gone through in this order. Made of the older form where the server sent only that. */
  readonly preApprovalScreens?: readonly PreApprovalScreen[];
  readonly postApprovalScreen?: PostApprovalScreen;
  readonly templates?: OperationTemplates;
  readonly raw: JsonObject;
}

/** Undefined only for what has no id or no data: such an operation can be neither told apart nor decided. */
export function readOperation(value: unknown): UserOperation | undefined {
  if (!isRecord(value) || typeof value.id !== "string" || value.id === "" || typeof value.data !== "string") {
    return undefined;
  }
  return {
    id: value.id,
    name: textOf(value.name),
    data: value.data,
    status: isText(value.status) ? value.status : "PENDING",
    ...given("statusReason", value.statusReason, isText),
    operationCreated: readDate(value.operationCreated),
    operationExpires: readDate(value.operationExpires),
    allowedSignatureType: readSignatureType(value.allowedSignatureType),
    formData: readFormData(value.formData),
    ...(isRecord(value.ui) && { ui: readUi(value.ui) }),
    raw: value,
  };
}

/** Of a list, every operation that can be told apart. */
export function readOperations(values: readonly unknown[]): UserOperation[] {
  return values.map(readOperation).filter((operation) => operation !== undefined);
}

/** Two factors where nothing is said. */
function readSignatureType(value: unknown): AllowedSignatureType {
  const { type, variants } = objectOf(value);
  const known = listOf(variants).filter(isText);
  return {
    type: isText(type) ? type : "2FA",
    variants: known,
    isBiometryAllowed: known.includes(SignatureVariant.possessionBiometry),
  };
}

function readFormData(value: unknown): FormData {
  const { title, message, resultTexts, attributes } = objectOf(value);
  return {
    title: textOf(title),
    message: textOf(message),
    ...(isRecord(resultTexts) && { resultTexts: readResultTexts(resultTexts) }),
    attributes: listOf(attributes).map(readAttribute),
  };
}

function readResultTexts({ success, failure, reject }: JsonObject): ResultTexts {
  return {
    ...given("success", success, isText),
    ...given("failure", failure, isText),
    ...given("reject", reject, isText),
  };
}

/** The part of an operation that says how it is to be shown. */
export function readUi(ui: JsonObject): OperationUi {
  const legacy = readLegacyScreen(ui.preApprovalScreen);
  const screens = readPreApprovalScreens(ui);
  const after = readPostApprovalScreen(ui.postApprovalScreen);
  const templates = readTemplates(ui.templates);
  return {
    ...given("flipButtons", ui.flipButtons, isBoolean),
    ...given("blockApprovalOnCall", ui.blockApprovalOnCall, isBoolean),
    ...(legacy !== undefined && { preApprovalScreen: legacy }),
    ...(screens !== undefined && { preApprovalScreens: screens }),
    ...(after !== undefined && { postApprovalScreen: after }),
    ...(templates !== undefined && { templates }),
    raw: ui,
  };
}
