/** How the console writes instants, lengths of time and names of machines. */

const day = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "short", year: "numeric" });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const whole = new Intl.NumberFormat("en-GB");

export function instant(iso: string): string {
  const at = new Date(iso);
  return `${day.format(at)}, ${clock.format(at)}`;
}

export function number(value: number): string {
  return whole.format(value);
}

/** Milliseconds as a person says them. */
export function span(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
  return `${(ms / 3_600_000).toFixed(1)} h`;
}

/** `operation.created` → "Operation created", `failureCount` → "Failure count". */
export function plain(code: string): string {
  if (/^(iban|bic|url|id)$/i.test(code)) return code.toUpperCase();
  const text = code
    .replaceAll(/([a-z])([A-Z])/g, "$1 $2")
    .replaceAll(/[._-]+/g, " ")
    .toLowerCase();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `POSSESSION_KNOWLEDGE` → "Possession + knowledge". */
export function factors(types: readonly string[]): string {
  return types.map((type) => plain(type).replaceAll(" ", " + ")).join(", ");
}

export function shortId(id: string): string {
  return id.length > 20 ? `${id.slice(0, 8)}…${id.slice(-4)}` : id;
}
