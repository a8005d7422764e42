/** Which page is shown: it stands after the `#`, so that every view has an address of its own and the back button works. */
import { computed, signal } from "@preact/signals";

const hash = signal(globalThis.location.hash);
globalThis.addEventListener("hashchange", () => (hash.value = globalThis.location.hash));

export interface Route {
  /** Parts of the path, decoded: `["operations", "0a1e…"]`. */
  readonly path: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

export const route = computed<Route>(() => {
  const [path = "", query = ""] = hash.value.replace(/^#\/?/, "").split("?");
  return { path: path.split("/").filter(Boolean).map(decoded), query: Object.fromEntries(new URLSearchParams(query)) };
});

export function to(path: readonly string[], query: Readonly<Record<string, string | undefined>> = {}): string {
  const given = Object.entries(query).filter((one): one is [string, string] => one[1] !== undefined && one[1] !== "");
  const text = given.length === 0 ? "" : `?${new URLSearchParams(given).toString()}`;
  return `#/${path.map(encodeURIComponent).join("/")}${text}`;
}

export function go(address: string): void {
  globalThis.location.hash = address;
}

/** Filters change the address of the view they are in. */
export function filter(changed: Readonly<Record<string, string | undefined>>): void {
  const { path, query } = route.peek();
  const address = to(path, { ...query, ...changed });
  globalThis.history.replaceState(null, "", address);
  hash.value = address;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
