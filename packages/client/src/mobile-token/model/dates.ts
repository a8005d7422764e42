/** Dates as servers write them, read by hand: several forms are outside the grammar that engines must understand. */

/**
 * `2018-07-02T14:43:13+0000` and its forms with colon, `Z`, fraction, or milliseconds since the epoch. Undefined for
 * anything else, for days that do not exist, and for offsets of more than 18 hours.
 */
export function readDate(value: unknown): Date | undefined {
  if (typeof value === "number") return validDate(value);
  const match = typeof value === "string" ? datePattern.exec(value) : null;
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = "", sign, offsetHours = "0", offsetMinutes = "0"] = match;
  const [hours, minutes, seconds] = [Number(hour), Number(minute), Number(second)];
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  const [zoneHours, zoneMinutes] = [Number(offsetHours), Number(offsetMinutes)];
  if (zoneHours > 18 || zoneMinutes > 59) return undefined;
  const midnight = Date.UTC(Number(year), Number(month) - 1, Number(day));
  // A day that does not exist rolls over into another month.
  if (!new Date(midnight).toISOString().startsWith(`${year}-${month}-${day}`)) return undefined;
  const time = ((hours * 60 + minutes) * 60 + seconds) * 1000 + Number(fraction.padEnd(3, "0").slice(0, 3));
  const offset = (zoneHours * 60 + zoneMinutes) * 60_000;
  return validDate(midnight + time - (sign === "-" ? -offset : offset));
}

const datePattern = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:Z|([+-])(\d{2}):?(\d{2}))$/;

function validDate(milliseconds: number): Date | undefined {
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
