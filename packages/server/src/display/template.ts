/** The display template: how operations of a type are shown in a language. One row for each pair. */
import type { AttributeTemplate } from "@countersign/protocol/operation/display-attributes";
import { mandatoryMembers } from "@countersign/protocol/operation/display-attributes";
import type { DisplayTemplate, ResultTexts } from "@countersign/protocol/operation/display";
import type { Ui } from "@countersign/protocol/operation/display-ui";
import { arePlacesWhole } from "@countersign/protocol/operation/places";
import { type Refusal, refuse } from "../errors.ts";
import type { DisplayTemplateTable } from "../store/schema.ts";

export interface TemplateKey {
  /** Type of the operations, not the name of their template. */
  readonly operationType: string;
  /** Language subtag, lower case. */
  readonly language: string;
}

export type TemplateContent = Omit<DisplayTemplate, "language">;

export type StoredTemplate = TemplateKey &
  DisplayTemplate & {
    /** Epoch ms. */
    readonly updatedAt: number;
  };

/**
 * What a schema cannot say: every `${` begins a place with a name, no two rows share an id, and each row names the
 * parameters it cannot be shown without. Refuses with `invalid-request` and the member.
 */
export function checkContent({ attributes, ui, ...texts }: TemplateContent): Refusal | undefined {
  // Places in `templates` are the device's.
  const { templates: _, ...filled } = ui ?? {};
  const broken = brokenText(texts, "") ?? brokenText(filled, "ui");
  if (broken !== undefined) return refuse("invalid-request", `${broken} - a place is not of the form \${name}`);
  const ids = attributes.map(({ id }) => id);
  const repeated = ids.findIndex((id, at) => ids.indexOf(id) < at);
  if (repeated >= 0) return refuse("invalid-request", `attributes.${repeated}.id - repeated`);
  for (const [at, { type, params }] of attributes.entries()) {
    const missing = mandatoryMembers(type).find((member) => !Object.hasOwn(params, member));
    if (missing !== undefined) return refuse("invalid-request", `attributes.${at}.params - ${missing} is required`);
  }
  return undefined;
}

/** Path of the first text, at any depth, with a broken place. Names of members are never told: they are the caller's. */
function brokenText(value: unknown, path: string): string | undefined {
  if (typeof value === "string") return arePlacesWhole(value) ? undefined : path;
  if (typeof value !== "object" || value === null) return undefined;
  for (const [name, member] of Object.entries(value)) {
    const broken = brokenText(member, path === "" ? name : path);
    if (broken !== undefined) return broken;
  }
  return undefined;
}

export function templateOf(row: DisplayTemplateTable): StoredTemplate {
  return {
    operationType: row.operation_type,
    language: row.language,
    title: row.title,
    message: row.message,
    ...(row.result_texts !== null && { resultTexts: JSON.parse(row.result_texts) as ResultTexts }),
    attributes: JSON.parse(row.attributes) as AttributeTemplate[],
    ...(row.ui !== null && { ui: JSON.parse(row.ui) as Ui }),
    updatedAt: row.updated_at,
  };
}

export function contentColumns({ title, message, resultTexts, attributes, ui }: TemplateContent) {
  return {
    title,
    message,
    result_texts: resultTexts === undefined ? null : JSON.stringify(resultTexts),
    attributes: JSON.stringify(attributes),
    ui: ui === undefined ? null : JSON.stringify(ui),
  };
}
