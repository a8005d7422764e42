/**
 * What a person is shown of an operation, in one plain form. What is displayed, what a receipt attests and what the
 * audit keeps all come from here.
 */

export interface DisplayForm {
  readonly title: string;
  readonly message: string;
  readonly attributes: readonly DisplayAttribute[];
}

export interface DisplayAttribute {
  readonly type: "KEY_VALUE";
  readonly id: string;
  readonly label: string;
  readonly value: string;
}

/** The operation type is the title where there is none; each parameter is one line, in the order given. */
export function displayForm(operation: {
  readonly operationType: string;
  readonly title?: string | undefined;
  readonly message?: string | undefined;
  readonly parameters: Readonly<Record<string, string>>;
}): DisplayForm {
  return {
    title: operation.title ?? operation.operationType,
    message: operation.message ?? "",
    attributes: Object.entries(operation.parameters).map(([id, value]) => ({
      type: "KEY_VALUE",
      id,
      label: id,
      value,
    })),
  };
}

/** One text per form: JSON without white space, the members of each object in alphabetical order. */
export function canonicalForm(form: DisplayForm): string {
  return JSON.stringify(form, (_name, value: unknown) => (isObject(value) ? sorted(value) : value));
}

function sorted(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
