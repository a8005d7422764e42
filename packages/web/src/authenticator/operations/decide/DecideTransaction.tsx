import type { PendingTransaction } from "../pending.ts";

export function DecideTransaction(_props: {
  readonly item: PendingTransaction;
  readonly onDecide: (isDecided: boolean) => void;
}) {
  return null;
}
