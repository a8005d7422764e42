import { useEffect } from "preact/hooks";
import { accounts } from "../accounts/accounts.ts";
import { go, type Route, toApprovals } from "../shell/route.ts";
import { Page } from "../shell/Shell.tsx";
import { texts } from "../texts/texts.ts";
import { openTransaction } from "./open-transaction.ts";
import { pending, refresh } from "./pending.ts";

/** From what a push message names to its screen. What is none of this device's, or over, leads to what waits. */
export function OpenPage({ reference }: { readonly reference: string }) {
  useEffect(() => {
    find(reference).then((found) => (found === undefined ? toApprovals() : go(found, { replace: true })), toApprovals);
  }, []);
  return <Page onBack={toApprovals}>{texts.value.app.loading}</Page>;
}

async function find(reference: string): Promise<Route | undefined> {
  // A reference is a token, whose signature the SDK checks; an id is only looked for.
  if (reference.includes(".")) return { at: "operation", ...(await openTransaction(reference)) };
  await Promise.all((accounts.value ?? []).map(refresh));
  const found = pending.value?.find(({ id }) => id === reference);
  return found && { at: "operation", account: found.account.id, id: found.id };
}
