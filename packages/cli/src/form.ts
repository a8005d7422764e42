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

/** By the members that types lead with; a type that is not known shows all that it brings, so that nothing is hidden. */
function attributeFact({ raw }: OperationAttribute): Fact {
  const { type, id, label, ...rest } = raw;
  const names = [label, id, type, "?"].filter((text) => typeof text === "string" && text !== "");
  const name = visible(String(names[0]));
  const converted = [rest.sourceValueFormatted, rest.targetValueFormatted].filter((value) => typeof value === "string");
  if (converted.length === 2) return [name, converted.join(" → ")];
  const texts = leading.map((member) => rest[member]).filter((value) => typeof value === "string");
  if (texts.length > 0) return [name, texts.join(": ")];
  return [name, Object.keys(rest).length === 0 ? "–" : JSON.stringify(rest)];
}

/** Amount, key and value, note; an alert has a title and a message. */
const leading = ["valueFormatted", "value", "note", "title", "message"];
