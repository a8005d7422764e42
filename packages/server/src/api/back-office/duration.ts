/** ISO 8601 durations of days and below, as PowerAuth back offices write them: `PT2S`, `P30D`, `PT720H`. */
import { Type } from "typebox";
import { RefusedError, refuse } from "../../errors.ts";

/** A number is seconds. */
export const duration = Type.Union([
  Type.String({ pattern: "^P(\\d{1,6}D)?(T(\\d{1,9}H)?(\\d{1,9}M)?(\\d{1,9}(\\.\\d{1,3})?S)?)?$" }),
  Type.Number({ minimum: 0, maximum: 1e9 }),
]);

const form = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;

/** In ms. Throws `invalid-request` with the member's name unless it is within the limits. */
export function durationMs(
  value: string | number,
  member: string,
  limits: { readonly least: number; readonly most: number },
): number {
  const [, days = "0", hours = "0", minutes = "0", seconds = "0"] =
    (typeof value === "string" && form.exec(value)) || [];
  const ms =
    typeof value === "number"
      ? value * 1000
      : ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60_000 + Number(seconds) * 1000;
  const whole = Math.round(ms);
  if (whole >= limits.least && whole <= limits.most) return whole;
  throw new RefusedError(refuse("invalid-request", `${member} - out of range`));
}

/** In hours, minutes and seconds, as Java writes it. */
export function durationText(ms: number): string {
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor((ms % 3_600_000) / 60_000);
  const seconds = (ms % 60_000) / 1000;
  const text = `${hours > 0 ? `${hours}H` : ""}${minutes > 0 ? `${minutes}M` : ""}${seconds > 0 ? `${seconds}S` : ""}`;
  return `PT${text === "" ? "0S" : text}`;
}
