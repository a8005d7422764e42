/** CSV (RFC 4180) of records with different members. A spreadsheet must not run what a user has typed. */

export function csv(items: readonly Readonly<Record<string, unknown>>[]): string {
  const names = [...new Set(items.flatMap((item) => Object.keys(item)))];
  const lines = items.map((item) => names.map((name) => cell(item[name])).join(","));
  return `${[names.map(cell).join(","), ...lines].join("\r\n")}\r\n`;
}

function cell(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  // What begins like a formula is shown as it is.
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
