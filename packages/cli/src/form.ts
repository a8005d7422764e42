/** An operation as the device shows it: what the server's form says, in lines of text. What is signed is the data. */
import type { OperationAttribute, UserOperation } from "@countersign/client/mobile-token";
import { type Fact, facts, instant, visible } from "./terminal.ts";

/** Title, message, and one line per row of the form. */
export function formText({ formData, operationExpires, name }: UserOperation): string {
  const { title, message, attributes } = formData;
  const rows = attributes.map(attributeFact);
  const expires: Fact[] = operationExpires === undefined ? [] : [["Expires", instant(operationExpires.getTime())]];
  return [
    visible(title === "" ? name : title),
    ...(message === "" ? [] : [visible(message)]),
    facts([...rows, ...expires]),
  ].join("\n");
}

/** The form in one line, for lists. */
export function formLine({ formData }: UserOperation): string {
  return formData.attributes
    .map(attributeFact)
    .map(([label, value]) => `${label}: ${value}`)
    .join(", ");
}

/** By the type's leading member; a type that is not known shows all that it brings, so that nothing is hidden. */
function attributeFact(attribute: OperationAttribute): Fact {
  const { type, id, label, ...rest } = attribute;
  const leading = [rest.valueFormatted, rest.value, rest.note, rest.message].find((value) => typeof value === "string");
  const converted = [rest.sourceValueFormatted, rest.targetValueFormatted].filter((value) => typeof value === "string");
  const text = converted.length === 2 ? converted.join(" → ") : (leading as string | undefined);
  return [visible(label || id || type), text ?? (Object.keys(rest).length === 0 ? "–" : JSON.stringify(rest))];
}
