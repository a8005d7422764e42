import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button } from "../../design/components/Button.tsx";
import { Sheet } from "../../design/components/Sheet.tsx";
import { accounts } from "../accounts/accounts.ts";
import { openTransaction } from "../operations/open-transaction.ts";
import { pending } from "../operations/pending.ts";
import { failureOf } from "../shell/failure.ts";
import { go } from "../shell/route.ts";
import { texts } from "../texts/texts.ts";
import { type Incoming, incoming, match } from "./incoming.ts";

type Missing = "none" | "expired" | "finished" | "noAccount" | "network";

/** Brings a code that came in together with its operation, once the lists are there; else says why it cannot be. */
export function MatchIncoming() {
  const t = texts.value;
  const missing = useSignal<Missing | undefined>(undefined);
  const waiting = incoming.value;
  const items = pending.value;
  useEffect(() => {
    if (waiting === undefined) return;
    if (accounts.value?.length === 0) {
      incoming.value = undefined;
      missing.value = "noAccount";
      return;
    }
    const found = items?.find(({ id, kind }) => id === waiting.operationId && kind === "mobile-token");
    if (found !== undefined) {
      match();
      go({ at: "operation", account: found.account.id, id: found.id });
    } else if (items !== undefined) void lookUp(waiting).then((why) => (missing.value = why));
  }, [waiting, items]);
  if (missing.value === undefined) return null;
  const close = () => (missing.value = undefined);
  const text = missing.value === "network" ? t.errors.network : t.link[missing.value];
  return (
    <Sheet title={t.operation.goneTitle} onClose={close}>
      <p>{text}</p>
      <Button wide onClick={close}>
        {t.app.done}
      </Button>
    </Sheet>
  );
}

/** It is not in a list: what do the servers say of it? Undefined when it came into a list meanwhile, or by a claim. */
async function lookUp(waiting: Incoming): Promise<Missing | undefined> {
  const answers = await Promise.all((accounts.value ?? []).map((account) => stateAt(account, waiting.operationId)));
  // The list may have come in the meantime.
  if (incoming.value !== waiting || answers.includes("claimed")) return undefined;
  incoming.value = undefined;
  if (waiting.reference !== undefined && (await opened(waiting.reference))) return undefined;
  return (["expired", "finished", "network"] as const).find((one) => answers.includes(one)) ?? "none";
}

/** As an Approve account's. False where there is none that may have it. */
async function opened(reference: string): Promise<boolean> {
  if (!accounts.value?.some(({ kind }) => kind === "approve")) return false;
  try {
    go({ at: "operation", ...(await openTransaction(reference)) });
    return true;
  } catch {
    return false;
  }
}

/** One that is for nobody yet becomes this person's: the claim brings it into the list. */
async function stateAt(account: NonNullable<typeof accounts.value>[number], id: string): Promise<Missing | "claimed"> {
  if (account.kind !== "mobile-token") return "none";
  try {
    await account.services.operations.claim(id);
    return "claimed";
  } catch (error) {
    const kind = failureOf(error);
    if (kind === "expired" || kind === "network") return kind;
    return kind === "finished" || kind === "tries" ? "finished" : "none";
  }
}
