/** The text of an Approve transaction, taken apart only to be laid out: every line stands as it is signed. */

export interface TextRow {
  /** What stands before the first colon and space; empty for a line without. */
  readonly label: string;
  readonly value: string;
}

export function readText(text: string): { readonly title: string; readonly rows: readonly TextRow[] } {
  // A line that goes on with two spaces belongs to the one before.
  const lines = text.split(/\n(?! {2})/);
  const [title = "", ...rest] = lines;
  return { title, rows: rest.map(readRow) };
}

function readRow(line: string): TextRow {
  const colon = line.indexOf(": ");
  const value = (part: string) => part.replaceAll("\n  ", "\n");
  if (colon < 0) return { label: "", value: value(line) };
  return { label: value(line.slice(0, colon)), value: value(line.slice(colon + 2)) };
}
