/** Bodies for a log: their shape, with the values of the few members that say nothing about a person or a secret. */
import { isRecord } from "../../engine/transport.ts";

const shownMembers: ReadonlySet<string> = new Set([
  "id",
  "status",
  "code",
  "type",
  "page",
  "size",
  "onlyUnread",
  "countUnread",
  "platform",
  "environment",
  "operationCreated",
  "operationExpires",
  "currentTimestamp",
  "timestampReceived",
  "timestampSent",
]);

const containers: ReadonlySet<string> = new Set(["requestObject", "responseObject", "proximityCheck"]);

const largest = 2000;

/** One line of at most 2000 characters. A body that is no JSON is told by its length. */
export function redactedBody(body: string): string {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return `(${body.length} characters, no JSON)`;
  }
  const text = JSON.stringify(redact(json, false));
  return text.length > largest ? `${text.slice(0, largest)}… (${text.length} characters)` : text;
}

/** Only what stands in the envelope itself: deeper members may be the person's, or the customer's own. */
function redact(value: unknown, isShown: boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => redact(item, false));
  if (isRecord(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => {
        const isOpen = typeof member === "object" ? containers.has(name) : shownMembers.has(name);
        return [name, isOpen ? redact(member, true) : "…"];
      }),
    );
  }
  return isShown && String(value).length <= 64 ? value : "…";
}
