import { useRef } from "preact/hooks";
import { toApprovals } from "../shell/route.ts";
import { Page } from "../shell/Shell.tsx";
import { texts } from "../texts/texts.ts";
import { DecideOperation } from "./decide/DecideOperation.tsx";
import { DecideTransaction } from "./decide/DecideTransaction.tsx";
import { Gone } from "./Gone.tsx";
import { findPending, type Pending, pending, serverNow } from "./pending.ts";
import "./operations.css";

/** One that waits, and what is said when it no longer does. */
export function OperationPage({ account, id }: { readonly account: string; readonly id: string }) {
  const t = texts.value;
  const found = findPending(account, id);
  // Decided here, it leaves the list, and the screen stays.
  const kept = useRef<Pending>(undefined);
  const decided = useRef(false);
  if (found !== undefined) kept.current = found;
  const item = kept.current;

  if (item === undefined && pending.value === undefined) return <Page onBack={toApprovals}>{t.app.loading}</Page>;
  if (item === undefined || (found === undefined && !decided.current)) {
    const isLate = item?.expires !== undefined && item.expires.getTime() <= serverNow(account);
    return <Gone isLate={isLate} />;
  }
  const onDecide = (isDecided: boolean) => void (decided.current = isDecided);
  return item.kind === "approve" ? (
    <DecideTransaction item={item} onDecide={onDecide} />
  ) : (
    <DecideOperation item={item} onDecide={onDecide} />
  );
}
