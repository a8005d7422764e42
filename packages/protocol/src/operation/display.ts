/**
 * What a person is shown of an operation (Mobile Token API, form data and user interface). What is displayed, what a
 * receipt attests and what the audit keeps all come from here.
 */
import { canonicalJson } from "../canonical-json.ts";
import { type AttributeTemplate, type DisplayAttribute, renderAttribute } from "./display-attributes.ts";
import { fillAll, fillPlaces, parameterOf, type Parameters } from "./places.ts";
import { type Ui, uiOfRiskFlags, withoutScan } from "./display-ui.ts";

/** How operations of a type are shown in a language. Texts may hold `${parameter}` places, labels of rows do not. */
export interface DisplayTemplate {
  /** Language subtag, lower case. */
  readonly language: string;
  readonly title: string;
  readonly message: string;
  readonly resultTexts?: ResultTexts | undefined;
  readonly attributes: readonly AttributeTemplate[];
  readonly ui?: Ui | undefined;
}

export interface ResultTexts {
  readonly success?: string | undefined;
  readonly failure?: string | undefined;
  readonly reject?: string | undefined;
}

export interface DisplayForm {
  readonly title: string;
  readonly message: string;
  readonly resultTexts?: ResultTexts;
  readonly attributes: readonly DisplayAttribute[];
}

/** What of an operation decides how it is shown. */
export interface DisplayedOperation {
  readonly operationType: string;
  readonly parameters: Parameters;
  /** Letters; see `uiOfRiskFlags`. */
  readonly riskFlags: string;
  /** Whether a one-time password of the screen is asked for. */
  readonly proximityCheck: boolean;
  /** Amounts that no JSON number carries stand in the form as the text that was given, and not as null. */
  readonly exactAmounts?: boolean;
}

export interface Display {
  readonly formData: DisplayForm;
  readonly ui?: Ui;
  /** Language of the texts; `und` where no template was there. */
  readonly language: string;
}

/** The language asked for, else English, else any: the first by name, so that it is always the same. */
export function chooseTemplate<T>(byLanguage: ReadonlyMap<string, T>, language: string): T | undefined {
  const [any] = [...byLanguage.keys()].toSorted();
  return byLanguage.get(language) ?? byLanguage.get("en") ?? (any === undefined ? undefined : byLanguage.get(any));
}

/**
 * Without a template the form is plain: nothing that waits for a decision is ever hidden. The `ui` of a template wins
 * entirely over the risk flags.
 */
export function display(operation: DisplayedOperation, template: DisplayTemplate | undefined): Display {
  const { parameters, riskFlags, proximityCheck } = operation;
  const ownUi = template?.ui && fillUi(template.ui, parameters);
  const ui = withoutScan(ownUi ?? uiOfRiskFlags(riskFlags), proximityCheck);
  return {
    formData: template === undefined ? plainForm(operation) : formOf(template, operation),
    ...(ui !== undefined && { ui }),
    language: template?.language ?? "und",
  };
}

/** One text per display (RFC 8785), for digests: the two members of the operation as the device receives them. */
export function canonicalDisplay({ formData, ui }: Pick<Display, "formData" | "ui">): string {
  return canonicalJson({ formData, ui });
}

/** The operation type is the title; each parameter is one line, in the order given. */
function plainForm({ operationType, parameters }: DisplayedOperation): DisplayForm {
  return {
    title: operationType,
    message: "",
    attributes: Object.entries(parameters).map(([id, value]) => ({ type: "KEY_VALUE", id, label: id, value })),
  };
}

function formOf(
  { title, message, resultTexts, attributes, language }: DisplayTemplate,
  { parameters, exactAmounts = false }: DisplayedOperation,
): DisplayForm {
  const rows = attributes
    .map((attribute) => renderAttribute(attribute, parameters, { language, exactAmounts }))
    .filter((attribute) => attribute !== undefined);
  return {
    title: fillPlaces(title, parameters),
    message: fillPlaces(message, parameters),
    ...(resultTexts !== undefined && { resultTexts: fillAll(resultTexts, parameters) }),
    attributes: [...rows, ...rowsOwed(parameters, { title, message, attributes }, language)],
  };
}

/**
 * Parameters that a person sees whatever the template says: who asks, the words that stand on the other screen, and, under
 * their JSON pointers, details that have no place in the template.
 */
const owed: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  clientName: { en: "Requested by", cs: "Žádá" },
  bindingMessage: { en: "Reference", cs: "Označení" },
};

/** RFC 6901 §4. */
function lastOf(pointer: string): string {
  return pointer
    .slice(pointer.lastIndexOf("/") + 1)
    .replaceAll("~1", "/")
    .replaceAll("~0", "~");
}

function rowsOwed(
  parameters: Parameters,
  { title, message, attributes }: Pick<DisplayTemplate, "title" | "message" | "attributes">,
  language: string,
): DisplayAttribute[] {
  const untold = Object.keys(parameters).filter((name) => name.startsWith("/"));
  const labelled = { ...owed, ...Object.fromEntries(untold.map((name) => [name, { en: lastOf(name) }])) };
  return Object.entries<Readonly<Record<string, string>>>(labelled).flatMap(([id, labels]) => {
    const value = parameterOf(parameters, id);
    const named = attributes.some(({ params }) => Object.values(params).includes(id));
    if (value === undefined || named || `${title}${message}`.includes(`\${${id}}`)) return [];
    return [{ type: "KEY_VALUE", id, label: labels[language] ?? labels["en"] ?? id, value }];
  });
}

/** `templates` is the device's: places in it name rows of the form, not parameters. */
function fillUi({ templates, ...ui }: Ui, parameters: Parameters): Ui {
  return { ...fillAll(ui, parameters), ...(templates !== undefined && { templates }) };
}
