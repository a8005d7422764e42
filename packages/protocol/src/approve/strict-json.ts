/**
 * JSON as signed messages must be: one object, UTF-8, no member twice at any depth. `JSON.parse` keeps the last of two
 * members, others keep the first: what was verified would not be what is read.
 */
import { fromUtf8, type Bytes } from "../bytes.ts";
import { isJsonObject, type JsonObject } from "../json.ts";

const deepest = 32;

/** Undefined unless the bytes are one such object, at most 32 levels deep. */
export function readStrictJsonObject(bytes: Bytes): JsonObject | undefined {
  const text = fromUtf8(bytes);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) && hasUniqueMembers(text) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** `text` is valid JSON already, so that looking for strings, colons and brackets is enough. */
function hasUniqueMembers(text: string): boolean {
  const open: Set<string>[] = [];
  const token = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/gs;
  let last = "";
  for (const [found] of text.matchAll(token)) {
    if (found === "{" || found === "[") {
      if (open.push(new Set()) > deepest) return false;
    } else if (found === "}" || found === "]") {
      open.pop();
    } else if (found === ":") {
      const name = JSON.parse(last) as string;
      const members = open.at(-1);
      if (members === undefined || members.has(name)) return false;
      members.add(name);
    }
    last = found;
  }
  return true;
}
