/** Where in the page the person is: part of the address after `#`, so that the browser's own buttons work. */
import { computed, type ReadonlySignal, signal } from "@preact/signals";

const sections = ["approvals", "history", "inbox", "settings"] as const;
/** Main sections, shown in the frame with the tabs. */
export type Section = (typeof sections)[number];

const ways = ["code", "link", "invite"] as const;

export type Route =
  | { readonly at: Section | "scan" | "offline" }
  | { readonly at: "add"; readonly by: (typeof ways)[number] | "choice" }
  /** What a push message names: a reference of an Approve server, or the id of an operation. */
  | { readonly at: "open"; readonly reference: string }
  /** One operation, of one account. */
  | { readonly at: "operation"; readonly account: string; readonly id: string }
  | { readonly at: "message"; readonly account: string; readonly id: string }
  | { readonly at: "account" | "renew"; readonly account: string };

const plain = [...sections, "scan", "offline"] as const;

export function isSection(at: Route["at"]): at is Section {
  return sections.some((one) => one === at);
}

/** `#/operation/ACCOUNT/ID`; anything that is none is the first page. */
export function readRoute(hash: string): Route {
  const [at = "", first = "", second = ""] = hash.replace(/^#\/?/, "").split("/").map(decoded);
  const known = plain.find((one) => one === at);
  if (known !== undefined) return { at: known };
  if (at === "add") return { at, by: ways.find((one) => one === first) ?? "choice" };
  if (at === "open" && first !== "") return { at, reference: first };
  if ((at === "operation" || at === "message") && first !== "" && second !== "") {
    return { at, account: first, id: second };
  }
  if ((at === "account" || at === "renew") && first !== "") return { at, account: first };
  return { at: "approvals" };
}

export function addressOf(route: Route): string {
  const parts: readonly string[] =
    "id" in route
      ? [route.account, route.id]
      : "account" in route
        ? [route.account]
        : "by" in route
          ? [route.by]
          : "reference" in route
            ? [route.reference]
            : [];
  return `#/${[route.at, ...parts.map(encodeURIComponent)].join("/")}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}

const hash = signal("");
export const route: ReadonlySignal<Route> = computed(() => readRoute(hash.value));

/** `replace`: going back does not lead to where the person was. */
export function go(to: Route, { replace = false } = {}): void {
  const address = addressOf(to);
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  hash.value = address;
  scrollTo(0, 0);
}

export function toApprovals(): void {
  go({ at: "approvals" }, { replace: true });
}

export function goBack(): void {
  if (history.length > 1) history.back();
  else toApprovals();
}

export function followAddress(): void {
  hash.value = location.hash;
  addEventListener("hashchange", () => (hash.value = location.hash));
  addEventListener("popstate", () => (hash.value = location.hash));
}
