/**
 * What may stand in texts that a person reads and a device signs: any character but control characters, and no half of
 * a surrogate pair, which would be signed as another character than the one shown.
 */

export type TextDefect = "control-character" | "text-malformed";

/** Why the text is not plain, or undefined. Control characters are C0, DELETE and C1. */
export function textDefect(text: string, allowed: { readonly lineFeed: boolean }): TextDefect | undefined {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 ? code !== lineFeed || !allowed.lineFeed : code >= 0x7f && code <= 0x9f) return "control-character";
    if (code < 0xd800 || code > 0xdfff) continue;
    const next = text.charCodeAt(index + 1);
    if (code > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) return "text-malformed";
    index++;
  }
  return undefined;
}

const lineFeed = 0x0a;
