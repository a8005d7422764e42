/**
 * `${name}` and `${name:-default}` places in the texts of a template. Each place is filled once, from the left: a value
 * that looks like a place is shown as it is. A place without value and default stays as it is written.
 */
export type Parameters = Readonly<Record<string, string>>;

const place = /\$\{([^${}]*)\}/g;

export function fillPlaces(text: string, parameters: Parameters): string {
  return text.replace(place, (whole, inside: string) => {
    const [name, byDefault] = splitPlace(inside);
    return parameterOf(parameters, name) ?? byDefault ?? whole;
  });
}

/** Fills every text in a JSON value, at any depth; names of members stay. */
export function fillAll<T>(value: T, parameters: Parameters): T {
  if (typeof value === "string") return fillPlaces(value, parameters) as T;
  if (Array.isArray(value)) return value.map((item: unknown) => fillAll(item, parameters)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, fillAll(member, parameters)])) as T;
}

/** Undefined for names that the record does not have itself. */
export function parameterOf(parameters: Parameters, name: string): string | undefined {
  return Object.hasOwn(parameters, name) ? parameters[name] : undefined;
}

/** Whether every `${` of the text begins a place with a name. */
export function arePlacesWhole(text: string): boolean {
  const named = [...text.matchAll(place)].every(([, inside = ""]) => splitPlace(inside)[0] !== "");
  return named && !text.replace(place, "").includes("${");
}

function splitPlace(inside: string): [name: string, byDefault?: string] {
  const at = inside.indexOf(":-");
  return at < 0 ? [inside] : [inside.slice(0, at), inside.slice(at + 2)];
}
