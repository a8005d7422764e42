/** What the address brought when the page was opened, or while it was open: a proximity code, or a link to connect. */
import { readEntry } from "../activation/entry.ts";
import { entry } from "../activation/entered.ts";

/** Takes it out of the address: a code is for once, and no business of the browser's history. */
export function readOpening(): void {
  const { href, pathname } = location;
  const found = readEntry(href);
  const isCode = found === undefined && /[?#&](code|oid)=/.test(href);
  if (found === undefined && !isCode) return;
  history.replaceState(null, "", pathname);
  if (found !== undefined) {
    entry.value = found;
    return;
  }
  // An address that somebody made up leads to the first page.
  import("./incoming.ts").then(({ receive }) => receive(asLink(href), "DEEPLINK")).catch(() => undefined);
}

/** The SDK reads links of the form `scheme://operation?oid=…`: a code may stand in the query or in the fragment. */
function asLink(href: string): string {
  const { search, hash } = new URL(href);
  const inFragment = hash.replace(/^#(?:[^?]*\?)?/, "");
  return `countersign://operation?${/(?:^|&)(code|oid)=/.test(inFragment) ? inFragment : search.slice(1)}`;
}
