/** How the demo tells its story: chapters along one line at the left, calm, readable without colour and at any width. */
import {
  S_BAR,
  S_BAR_END,
  S_BAR_H,
  S_BAR_START,
  S_CORNER_BOTTOM_LEFT,
  S_CORNER_BOTTOM_RIGHT,
  S_CORNER_TOP_LEFT,
  S_CORNER_TOP_RIGHT,
  S_STEP_SUBMIT,
} from "@clack/prompts";
import { type Fact, styled, visible } from "../terminal.ts";

export interface Story {
  begin(title: string): void;
  chapter(title: string): void;
  say(text: string): void;
  /** A request or another text as it is, indented. */
  show(text: string): void;
  /** What a device's screen shows. The text was made harmless by whoever wrote it. */
  screen(text: string): void;
  pairs(rows: readonly Fact[]): void;
  /** What came out, marked as good or bad. */
  outcome(isGood: boolean, text: string): void;
  end(text: string): void;
}

const widest = 100;
const narrowest = 40;

export function tellStory(stream: NodeJS.WriteStream): Story {
  const width = () => Math.max(narrowest, Math.min(stream.columns ?? widest, widest)) - 4;
  const bar = () => styled(stream, "gray", S_BAR);
  const line = (text: string) => stream.write(text === "" ? `${bar()}\n` : `${bar()}  ${text}\n`);
  let chapters = 0;
  return {
    begin(title) {
      stream.write(`${styled(stream, "gray", S_BAR_START)}  ${styled(stream, "bold", title)}\n`);
    },
    chapter(title) {
      chapters += 1;
      line("");
      stream.write(`${styled(stream, "cyan", S_STEP_SUBMIT)}  ${styled(stream, "bold", `${chapters}. ${title}`)}\n`);
    },
    say(text) {
      for (const part of wrapped(visible(text), width())) line(part);
    },
    show(text) {
      for (const whole of text.split("\n")) {
        for (const part of wrapped(visible(whole), width() - 2)) line(`  ${styled(stream, "dim", part)}`);
      }
    },
    screen(text) {
      const lines = text.split("\n").flatMap((whole) => wrapped(whole, width() - 6));
      const across = Math.max(...lines.map(({ length }) => length));
      const edge = S_BAR_H.repeat(across + 2);
      line(`  ${S_CORNER_TOP_LEFT}${edge}${S_CORNER_TOP_RIGHT}`);
      for (const part of lines) line(`  ${S_BAR} ${part.padEnd(across)} ${S_BAR}`);
      line(`  ${S_CORNER_BOTTOM_LEFT}${edge}${S_CORNER_BOTTOM_RIGHT}`);
    },
    pairs(rows) {
      const present = rows.filter(([, value]) => value !== undefined && value !== null && value !== "");
      const column = Math.max(0, ...present.map(([label]) => label.length)) + 2;
      for (const [label, value] of present) {
        const [first = "", ...rest] = wrapped(visible(String(value)), width() - column - 2);
        line(`  ${styled(stream, "dim", label.padEnd(column))}${first}`);
        for (const part of rest) line(" ".repeat(column + 2) + part);
      }
    },
    outcome(isGood, text) {
      const [first = "", ...rest] = wrapped(visible(text), width() - 2);
      line(`${isGood ? styled(stream, "green", "✓") : styled(stream, "red", "✗")} ${first}`);
      for (const part of rest) line(`  ${part}`);
    },
    end(text) {
      line("");
      stream.write(`${styled(stream, "gray", S_BAR_END)}  ${text}\n`);
    },
  };
}

/** Lines of at most `width` characters: at spaces where there are any, else where the line is full. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const space = rest.lastIndexOf(" ", width);
    // Spaces at the start are an indent, not a place to break.
    const isIndent = rest.slice(0, Math.max(space, 0)).trim() === "";
    const end = isIndent ? width : space;
    lines.push(rest.slice(0, end));
    rest = isIndent ? rest.slice(end) : rest.slice(end + 1);
  }
  return [...lines, rest];
}

/** Beginning and end of a long text. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const tail = Math.floor((most - 1) / 3);
  return `${text.slice(0, most - 1 - tail)}…${text.slice(-tail)}`;
}
