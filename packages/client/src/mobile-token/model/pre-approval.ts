/**
 * Screens to go through before an operation may be approved. Servers send a list of them, or the one screen of the older
 * form, which is turned into a list of one. What is not known is `UNKNOWN` and stays in `raw`.
 */
import { isRecord } from "../../engine/transport.ts";
import {
  given,
  isBoolean,
  isNumber,
  isText,
  listOf,
  oneOf,
  textOf,
  type Extensible,
  type JsonObject,
} from "./members.ts";

export interface PreApprovalScreen {
  /** For `PreApprovalScreensRecorder`. */
  readonly id?: string;
  /** `QR_SCAN`: the person scans the code on the other screen, see `PacUtils` and `ProximityCheck`. */
  readonly type: "INFO" | "WARNING" | "QR_SCAN" | "UNKNOWN";
  readonly heading: string;
  readonly message: string;
  readonly backButton?: boolean;
  /** Name of a picture of the application's own. */
  readonly image?: string;
  readonly elements?: readonly PreApprovalElement[];
  readonly controls?: PreApprovalControls;
  readonly raw: JsonObject;
}

export interface PreApprovalElement {
  readonly type: "LIST_ITEM" | "ALERT" | "BUTTON" | "UNKNOWN";
  readonly id?: string;
  readonly text?: string;
  readonly style?: Extensible<"INFO" | "WARNING" | "DANGER">;
  /** Name of a picture of the application's own. */
  readonly icon?: string;
  /** What `href` is, for a button. */
  readonly action?: Extensible<"LINK" | "MAIL" | "PHONE">;
  /** What else pressing does, such as `REJECT`. */
  readonly actionSettings?: Extensible<"REJECT">;
  readonly href?: string;
  readonly raw: JsonObject;
}

export interface PreApprovalControls {
  /** The two change places. */
  readonly flip?: boolean;
  readonly axis?: Extensible<"HORIZONTAL" | "VERTICAL">;
  readonly decline?: { readonly type: Extensible<"BACK" | "REJECT">; readonly text?: string };
  readonly approve?: {
    readonly type: Extensible<"BUTTON" | "SLIDER">;
    readonly text?: string;
    /** Seconds before it can be used. */
    readonly counter?: number;
  };
}

/** The older form, as received. */
export interface LegacyPreApprovalScreen {
  readonly type: PreApprovalScreen["type"];
  readonly heading: string;
  readonly message: string;
  readonly items?: readonly string[];
  readonly approvalType?: Extensible<"SLIDER" | "BUTTON">;
  readonly raw: JsonObject;
}

const screenTypes = ["INFO", "WARNING", "QR_SCAN"] as const;

/** Undefined where the server sent neither form. A list wins, even an empty one. */
export function readPreApprovalScreens(ui: JsonObject): readonly PreApprovalScreen[] | undefined {
  if (Array.isArray(ui.preApprovalScreens)) return listOf(ui.preApprovalScreens).filter(isRecord).map(readScreen);
  const legacy = readLegacyScreen(ui.preApprovalScreen);
  return legacy === undefined ? undefined : [convertLegacy(legacy)];
}

export function readLegacyScreen(value: unknown): LegacyPreApprovalScreen | undefined {
  if (!isRecord(value)) return undefined;
  return {
    type: oneOf(screenTypes, value.type, "UNKNOWN"),
    heading: textOf(value.heading),
    message: textOf(value.message),
    ...(Array.isArray(value.items) && { items: listOf(value.items).filter(isText) }),
    ...given("approvalType", value.approvalType, isText),
    raw: value,
  };
}

function readScreen(value: JsonObject): PreApprovalScreen {
  return {
    ...given("id", value.id, isText),
    type: oneOf(screenTypes, value.type, "UNKNOWN"),
    heading: textOf(value.heading),
    message: textOf(value.message),
    ...given("backButton", value.backButton, isBoolean),
    ...given("image", value.image, isText),
    ...(Array.isArray(value.elements) && { elements: listOf(value.elements).filter(isRecord).map(readElement) }),
    ...(isRecord(value.controls) && { controls: readControls(value.controls) }),
    raw: value,
  };
}

/** Some documents write LISTITEM, servers LIST_ITEM. */
function readElement(value: JsonObject): PreApprovalElement {
  const type = value.type === "LISTITEM" ? "LIST_ITEM" : value.type;
  return {
    type: oneOf(["LIST_ITEM", "ALERT", "BUTTON"], type, "UNKNOWN"),
    ...given("id", value.id, isText),
    ...given("text", value.text, isText),
    ...given("style", value.style, isText),
    ...given("icon", value.icon, isText),
    ...given("action", value.action, isText),
    ...given("actionSettings", value.actionSettings, isText),
    ...given("href", value.href, isText),
    raw: value,
  };
}

function readControls(value: JsonObject): PreApprovalControls {
  const { decline, approve } = value;
  return {
    ...given("flip", value.flip, isBoolean),
    ...given("axis", value.axis, isText),
    ...(isRecord(decline) && {
      decline: { type: textOf(decline.type) || "BACK", ...given("text", decline.text, isText) },
    }),
    ...(isRecord(approve) && {
      approve: {
        type: textOf(approve.type) || "BUTTON",
        ...given("text", approve.text, isText),
        ...given("counter", approve.counter, isNumber),
      },
    }),
  };
}

/** The two names stand for pictures that each application has for the older form. */
function convertLegacy({
  type,
  heading,
  message,
  items = [],
  approvalType,
  raw,
}: LegacyPreApprovalScreen): PreApprovalScreen {
  const elements = items.map((text) => {
    return { type: "LIST_ITEM", text, icon: "fallback_icon", raw: { type: "LIST_ITEM", text } } as const;
  });
  return {
    type,
    heading,
    message,
    image: "fallback_image",
    ...(elements.length > 0 && { elements }),
    ...(approvalType === "SLIDER" && {
      controls: { flip: true, decline: { type: "BACK" }, approve: { type: "SLIDER" } },
    }),
    raw,
  };
}
