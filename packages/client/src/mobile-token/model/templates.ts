/**
 * How a server wishes operations to be laid out: in a list, and in detail. Parts that cannot be read are missing one by
 * one; `visual.ts` makes of them what is shown.
 */
import { isRecord } from "../../engine/transport.ts";
import { given, isBoolean, isText, listOf, type Extensible, type JsonObject } from "./members.ts";

export interface OperationTemplates {
  readonly list?: ListTemplate;
  readonly detail?: DetailTemplate;
  readonly raw: JsonObject;
}

/** Texts may hold `${attributeId}`; `image` is the id of an attribute. */
export interface ListTemplate {
  readonly style?: string;
  readonly header?: string;
  readonly title?: string;
  readonly message?: string;
  readonly image?: string;
}

export interface DetailTemplate {
  readonly style?: string;
  /** Whether title and message of the form are shown above the sections. */
  readonly showTitleAndMessage?: boolean;
  readonly sections?: readonly DetailSectionTemplate[];
}

export interface DetailSectionTemplate {
  readonly style?: string;
  /** Id of the attribute whose label is the title. */
  readonly title?: string;
  readonly cells?: readonly DetailCellTemplate[];
}

export interface DetailCellTemplate {
  /** Id of the attribute. */
  readonly name: string;
  readonly style?: string;
  readonly visibleTitle?: boolean;
  readonly canCopy?: boolean;
  readonly collapsable?: Extensible<"NO" | "COLLAPSED" | "YES">;
  readonly centered?: boolean;
}

export function readTemplates(value: unknown): OperationTemplates | undefined {
  if (!isRecord(value)) return undefined;
  const { list, detail } = value;
  return {
    ...(isRecord(list) && { list: readList(list) }),
    ...(isRecord(detail) && { detail: readDetail(detail) }),
    raw: value,
  };
}

function readList(value: JsonObject): ListTemplate {
  return {
    ...given("style", value.style, isText),
    ...given("header", value.header, isText),
    ...given("title", value.title, isText),
    ...given("message", value.message, isText),
    ...given("image", value.image, isText),
  };
}

function readDetail(value: JsonObject): DetailTemplate {
  return {
    ...given("style", value.style, isText),
    ...given("showTitleAndMessage", value.showTitleAndMessage, isBoolean),
    ...(Array.isArray(value.sections) && { sections: listOf(value.sections).filter(isRecord).map(readSection) }),
  };
}

function readSection(value: JsonObject): DetailSectionTemplate {
  return {
    ...given("style", value.style, isText),
    ...given("title", value.title, isText),
    ...(Array.isArray(value.cells) && {
      cells: listOf(value.cells)
        .filter(isRecord)
        .map(readCell)
        .filter((cell) => cell !== undefined),
    }),
  };
}

function readCell(value: JsonObject): DetailCellTemplate | undefined {
  if (!isText(value.name)) return undefined;
  return {
    name: value.name,
    ...given("style", value.style, isText),
    ...given("visibleTitle", value.visibleTitle, isBoolean),
    ...given("canCopy", value.canCopy, isBoolean),
    ...given("collapsable", value.collapsable, isText),
    ...given("centered", value.centered, isBoolean),
  };
}
