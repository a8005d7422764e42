/**
 * What a person is shown of an operation, in one plain form. What is displayed, what a receipt attests and what the
 * audit keeps all come from here.
 */
import { canonicalJson } from "../canonical-json.ts";

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

/** One text per form (RFC 8785), for digests. */
export function canonicalForm(form: DisplayForm): string {
  return canonicalJson(form);
}
