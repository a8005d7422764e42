/**
 * The rules of what `countersign` prints:
 *
 * - Standard output is for results. A person gets text there, terminal or not; `--json` gives exactly one JSON document
 *   on one line instead, also when the command fails: `{"error":{"code":…,"message":…}}`.
 * - Everything else goes to standard error: questions, progress, warnings, errors, the server's log.
 * - A command does not print its result, it returns it, in both forms. Only `serve` and `demo`, whose output is a
 *   sequence, are handed the streams.
 * - Text from elsewhere (names, parameters, reasons) is made harmless before it reaches a terminal: a payment's note
 *   must not be able to move the cursor over its amount.
 * - Colour is for terminals, and `NO_COLOR` switches it off. Nothing is told by colour alone.
 * - Secrets are typed without echo, read from a file or from standard input, and never taken from the command line.
 */
import { styleText } from "node:util";
import type { ExitName } from "./exit-codes.ts";

export interface Terminal {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
}

/** What a command brings back. `text` is printed for people, `json` for programs. */
export interface Result {
  readonly json: unknown;
  readonly text: string;
  /** Default: `ok`. */
  readonly exit?: ExitName;
}

export function printResult({ stdout }: Terminal, { json, text }: Result, asJson: boolean): void {
  stdout.write(asJson ? `${JSON.stringify(json)}\n` : withNewline(text));
}

/** Progress and warnings. */
export function tell({ stderr }: Terminal, text: string): void {
  stderr.write(withNewline(text));
}

/** Whether somebody can be asked. */
export function isInteractive({ stdin, stderr }: Terminal): boolean {
  return stdin.isTTY && stderr.isTTY;
}

type Style = Parameters<typeof styleText>[0];

/** Styled for this stream, or the plain text where it shows no colours. */
export function styled(stream: NodeJS.WriteStream, style: Style, text: string): string {
  return styleText(style, text, { stream });
}

/**
 * Control characters, line separators, and the invisible characters that reorder or hide text, each as its code point.
 * What is left looks on the terminal like what it is.
 */
export function visible(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

export type Fact = readonly [label: string, value: string | number | boolean | undefined | null];

/** `  label  value` lines with the values in one column. Facts without a value are left out. */
export function facts(rows: readonly Fact[], indent = "  "): string {
  const present = rows.filter(([, value]) => value !== undefined && value !== null && value !== "");
  const width = Math.max(0, ...present.map(([label]) => label.length));
  return present.map(([label, value]) => `${indent}${label.padEnd(width)}  ${visible(String(value))}`).join("\n");
}

/** Columns under their names; `none` instead of an empty table. */
export function table(names: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  if (rows.length === 0) return "none";
  const cells = [names, ...rows.map((row) => row.map((cell) => visible(String(cell))))];
  const widths = names.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? "").length)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** `2026-03-01 14:05:09 UTC`: the same on every machine, so that two people can talk about it. */
export function instant(epochMs: number): string {
  return new Date(epochMs)
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, " UTC");
}

function withNewline(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}
