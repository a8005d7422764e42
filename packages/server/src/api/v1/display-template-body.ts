/** The schema of a display template as `PUT /v1/display-templates/…` takes it. Closed: a misspelled member is refused. */
import { Type } from "typebox";
import { jsonObject, text } from "../members.ts";
import { closed } from "./members.ts";

const maybe = Type.Optional;
/** Members whose absence says something are left out; null is no value here. */
const words = (most: number) => text(most, 0);
const screenType = Type.Enum(["WARNING", "INFO", "QR_SCAN"]);
const url = text(2000);

const preApprovalScreen = closed({
  type: screenType,
  heading: words(500),
  message: words(4000),
  items: maybe(Type.Array(words(1000), { maxItems: 50 })),
  approvalType: maybe(Type.Enum(["SLIDER", "BUTTON"])),
});

const element = closed({
  id: maybe(text(255)),
  type: Type.Enum(["LIST_ITEM", "ALERT", "BUTTON"]),
  style: maybe(Type.Enum(["INFO", "WARNING", "DANGER"])),
  text: maybe(words(4000)),
  href: maybe(url),
  icon: maybe(text(2000)),
  action: maybe(Type.Enum(["LINK", "MAIL", "PHONE"])),
  actionSettings: maybe(text(255)),
});

const controls = closed({
  flip: maybe(Type.Boolean()),
  axis: maybe(Type.Enum(["HORIZONTAL", "VERTICAL"])),
  decline: maybe(closed({ type: Type.Enum(["BACK", "REJECT"]), text: maybe(words(255)) })),
  approve: maybe(
    closed({
      type: Type.Enum(["SLIDER", "BUTTON"]),
      text: maybe(words(255)),
      counter: maybe(Type.Integer({ minimum: 0, maximum: 3600 })),
    }),
  ),
});

const screenInList = closed({
  id: maybe(text(255)),
  type: screenType,
  heading: words(500),
  message: words(4000),
  backButton: maybe(Type.Boolean()),
  image: maybe(text(2000)),
  elements: maybe(Type.Array(element, { maxItems: 50 })),
  controls: maybe(controls),
});

const after = { heading: words(500), message: words(4000) };
const postApprovalScreen = Type.Union([
  closed({
    type: Type.Literal("MERCHANT_REDIRECT"),
    ...after,
    payload: closed({
      redirectText: words(500),
      redirectUrl: url,
      countdown: Type.Integer({ minimum: 0, maximum: 3600 }),
    }),
  }),
  closed({
    type: Type.Literal("REVIEW"),
    ...after,
    // Rows as the device shows them; their members beside these three are the type's own.
    payload: closed({
      attributes: Type.Array(Type.Object({ type: text(64), id: text(255), label: words(1000) }), { maxItems: 100 }),
    }),
  }),
  closed({ type: Type.Literal("GENERIC"), ...after, payload: jsonObject }),
]);

const ui = closed({
  flipButtons: maybe(Type.Boolean()),
  blockApprovalOnCall: maybe(Type.Boolean()),
  preApprovalScreen: maybe(preApprovalScreen),
  preApprovalScreens: maybe(Type.Array(screenInList, { maxItems: 20 })),
  postApprovalScreen: maybe(postApprovalScreen),
  templates: maybe(jsonObject),
});

const attribute = closed({
  id: text(255),
  type: text(64),
  text: words(1000),
  params: Type.Record(text(255), text(255)),
});

export const displayTemplateMembers = {
  title: words(1000),
  message: words(10_000),
  resultTexts: maybe(closed({ success: maybe(words(4000)), failure: maybe(words(4000)), reject: maybe(words(4000)) })),
  attributes: Type.Array(attribute, { maxItems: 100 }),
  ui: maybe(ui),
};

export const displayTemplateBody = closed(displayTemplateMembers);
