/** The parts of a Markdown page that can be wrong by machine: fences, links, headings. Not a renderer. */

export interface Fence {
  readonly language: string;
  /** What follows the language: `no-check <reason>` or `continues`. */
  readonly info: string;
  /** Line of the first line of text, counted from 1. */
  readonly line: number;
  readonly text: string;
}

export interface Link {
  readonly target: string;
  readonly line: number;
}

const fence = /^( *)(`{3,}|~{3,})([\w-]*)[ \t]*([^\n]*)\n([\s\S]*?)^ *\2[ \t]*$/gm;

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

export function readFences(page: string): Fence[] {
  return [...page.matchAll(fence)].map((match) => {
    const [, indent = "", , language = "", info = "", text = ""] = match;
    const body = indent === "" ? text : text.replaceAll(`\n${indent}`, "\n").slice(indent.length);
    return { language, info: info.trim(), line: lineAt(page, match.index) + 1, text: body };
  });
}

/** Blanks out code, keeping every line where it was. */
function withoutCode(page: string): string {
  return page.replace(fence, (code) => code.replace(/[^\n]/g, "")).replace(/`[^`\n]*`/g, "");
}

export function readLinks(page: string): Link[] {
  const prose = withoutCode(page);
  const inline = [...prose.matchAll(/\]\(<?([^()\s>]+)>?(?:\s+"[^"]*")?\)/g)];
  const named = [...prose.matchAll(/^ {0,3}\[[^\]]+\]:\s*<?(\S+?)>?\s*$/gm)];
  return [...inline, ...named].map((match) => ({ target: match[1] ?? "", line: lineAt(prose, match.index) }));
}

/** The fragment names that GitHub gives to a page's headings. */
export function readAnchors(page: string): Set<string> {
  const headings = [...page.replace(fence, "").matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)].map((match) => match[1] ?? "");
  const seen = new Map<string, number>();
  const names = headings.map((heading) => {
    const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/[`*]/g, "");
    const name = text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/\s/g, "-");
    const count = seen.get(name) ?? 0;
    seen.set(name, count + 1);
    return count === 0 ? name : `${name}-${count}`;
  });
  return new Set(names);
}
