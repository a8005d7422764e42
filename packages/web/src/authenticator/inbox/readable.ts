/** The text of a message. HTML is read for its text alone: nothing of it is run, loaded or styled. */
import type { InboxMessageDetail } from "@countersign/client/mobile-token";

export function readable({ type, body }: Pick<InboxMessageDetail, "type" | "body">): string {
  if (type !== "html") return body;
  const { body: parsed } = new DOMParser().parseFromString(body, "text/html");
  for (const hidden of parsed.querySelectorAll("script, style, template, noscript")) hidden.remove();
  for (const line of parsed.querySelectorAll("br, p, div, li, h1, h2, h3, h4, tr")) line.before("\n");
  return (parsed.textContent ?? "")
    .replace(/[ \t]+/g, " ")
    .replace(/\n\s*\n\s*/g, "\n\n")
    .trim();
}
