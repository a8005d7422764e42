/**
 * An operation laid out as its templates wish, or plainly where it has none. Every row of the form comes out: what no
 * template mentions stands in the last section.
 */
import { shownAmount, shownConversion } from "./amount.ts";
import type { ImageAttribute, OperationAttribute } from "./attributes.ts";
import type { UserOperation } from "./operation.ts";
import type { DetailCellTemplate, DetailSectionTemplate } from "./templates.ts";

/** One entry of a list of operations. */
export interface OperationListVisual {
  readonly style?: string;
  readonly header?: string;
  readonly title: string;
  readonly message: string;
  readonly image?: ImageAttribute;
}

export interface OperationDetailVisual {
  readonly style?: string;
  /** Undefined where the template does not want them shown; both or none. */
  readonly title?: string;
  readonly message?: string;
  readonly sections: readonly OperationSectionVisual[];
}

export interface OperationSectionVisual {
  readonly style?: string;
  readonly title?: string;
  readonly cells: readonly OperationCellVisual[];
}

/** `name` is the id of the attribute. */
export interface OperationCellVisual extends DetailCellTemplate {
  readonly attribute: OperationAttribute;
}

/** A text of the template with a placeholder that nothing fills is not used at all. */
export function listVisual({ ui, formData }: UserOperation): OperationListVisual {
  const template = ui?.templates?.list ?? {};
  const fill = (text: string | undefined) => (text === undefined ? undefined : fillIn(text, formData.attributes));
  const header = fill(template.header);
  const image = formData.attributes.find((one) => one.type === "IMAGE" && one.id === template.image);
  return {
    ...(template.style !== undefined && { style: template.style }),
    ...(header !== undefined && { header }),
    title: fill(template.title) ?? formData.title,
    message: fill(template.message) ?? formData.message,
    ...(image?.type === "IMAGE" && { image }),
  };
}

export function detailVisual({ ui, formData }: UserOperation): OperationDetailVisual {
  const template = ui?.templates?.detail ?? {};
  const used = new Set<OperationAttribute>();
  const take = (id: string | undefined) => {
    const attribute = id === undefined ? undefined : formData.attributes.find((one) => one.id === id);
    if (attribute !== undefined) used.add(attribute);
    return attribute;
  };
  const sections = (template.sections ?? []).map((section) => layOut(section, take));
  const rest = formData.attributes.filter((attribute) => !used.has(attribute));
  const cells = rest.map((attribute) => ({ name: attribute.id, attribute }));
  return {
    ...(template.style !== undefined && { style: template.style }),
    ...(template.showTitleAndMessage !== false && { title: formData.title, message: formData.message }),
    sections: [...sections, ...(cells.length > 0 ? [{ cells }] : [])].filter(isNotEmpty),
  };
}

/** The attribute in one line of text; undefined for pictures and for what is not known. */
export function attributeText(attribute: OperationAttribute): string | undefined {
  switch (attribute.type) {
    case "AMOUNT":
      return shownAmount(attribute).value;
    case "AMOUNT_CONVERSION": {
      const { source, target } = shownConversion(attribute);
      return source.value === undefined || target.value === undefined ? undefined : `${source.value} → ${target.value}`;
    }
    case "KEY_VALUE":
      return attribute.value;
    case "NOTE":
      return attribute.note;
    case "HEADING":
      return attribute.label;
    case "ALERT":
      return attribute.title === undefined ? attribute.message : `${attribute.title}: ${attribute.message}`;
    case "PARTY_INFO":
      return attribute.partyInfo.name;
    case "IMAGE":
    case "UNKNOWN":
      return undefined;
  }
}

function layOut(
  section: DetailSectionTemplate,
  take: (id: string | undefined) => OperationAttribute | undefined,
): OperationSectionVisual {
  const heading = take(section.title);
  const title = heading && (heading.label || attributeText(heading));
  const cells = (section.cells ?? []).flatMap((cell) => {
    const attribute = take(cell.name);
    return attribute === undefined ? [] : [{ ...cell, attribute }];
  });
  // A row with a value of its own is not used up by lending its label.
  const lent = heading !== undefined && heading.type !== "HEADING" && !cells.some((cell) => cell.attribute === heading);
  return {
    ...(section.style !== undefined && { style: section.style }),
    ...(title !== undefined && { title }),
    cells: lent ? [{ name: heading.id, attribute: heading }, ...cells] : cells,
  };
}

function isNotEmpty({ title, cells }: OperationSectionVisual): boolean {
  return title !== undefined || cells.length > 0;
}

/** Undefined when a placeholder has no attribute, or one that is no text. */
function fillIn(text: string, attributes: readonly OperationAttribute[]): string | undefined {
  let complete = true;
  const filled = text.replace(/\$\{([^{}]*)\}/g, (_, id: string) => {
    const attribute = attributes.find((one) => one.id === id);
    const value = attribute && attributeText(attribute);
    if (value === undefined) complete = false;
    return value ?? "";
  });
  return complete ? filled : undefined;
}
