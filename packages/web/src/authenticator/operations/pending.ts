/** What waits for the person, over all accounts, and what keeps it up to date. */
import type { ServerActionInfo, Transaction } from "@countersign/client/approve";
import type { UserOperation } from "@countersign/client/mobile-token";
import { computed, signal } from "@preact/signals";
import type { Account, ApproveAccount, MobileTokenAccount } from "../accounts/account.ts";
import { renewWhenDue } from "../accounts/renewal.ts";
import { countUnread, forgetUnread } from "../inbox/unread.ts";
import { failureOf } from "../shell/failure.ts";
import { noteReach } from "../shell/network.ts";

export interface PendingOperation {
  readonly kind: "mobile-token";
  readonly account: MobileTokenAccount;
  readonly id: string;
  readonly operation: UserOperation;
  readonly expires: Date | undefined;
}

export interface PendingTransaction {
  readonly kind: "approve";
  readonly account: ApproveAccount;
  readonly id: string;
  readonly info: ServerActionInfo;
  /** Undefined where a password is needed to read it. */
  readonly transaction: Transaction | undefined;
  readonly expires: Date | undefined;
}

export type Pending = PendingOperation | PendingTransaction;

interface OfAccount {
  readonly items: readonly Pending[];
  /** Milliseconds that the server's clock is ahead of ours. */
  readonly ahead: number;
  readonly failure?: unknown;
}

const byAccount = signal<ReadonlyMap<string, OfAccount>>(new Map());

/** Undefined until the first list came or failed. */
export const pending = computed<readonly Pending[] | undefined>(() => {
  const lists = [...byAccount.value.values()];
  return lists.length === 0 ? undefined : lists.flatMap(({ items }) => items).toSorted(byExpiry);
});

export const pendingCount = computed(() => pending.value?.length ?? 0);

/** Accounts whose list could not be loaded, and why. */
export const failures = computed(() =>
  [...byAccount.value].flatMap(([id, { failure }]) => (failure === undefined ? [] : [{ id, failure }])),
);

export function findPending(account: string, id: string): Pending | undefined {
  return byAccount.value.get(account)?.items.find((one) => one.id === id);
}

/** Milliseconds since the epoch, by the clock of the account's server as far as it is known. */
export function serverNow(account: string): number {
  return Date.now() + (byAccount.value.get(account)?.ahead ?? 0);
}

/** Keeps the account's list up to date until the returned function is called. */
export function follow(account: Account): () => void {
  const stop = account.kind === "mobile-token" ? followMobileToken(account) : followApprove(account);
  return () => {
    stop();
    forgetUnread(account.id);
    byAccount.value = new Map([...byAccount.value].filter(([id]) => id !== account.id));
  };
}

/** Loads once, beside what is followed: the person, or a push message, asked for it. */
export async function refresh(account: Account): Promise<void> {
  if (account.kind === "approve") await loadTransactions(account);
  else await account.services.operations.getOperations().catch(() => undefined);
}

function put(id: string, list: Partial<OfAccount>): void {
  const before = byAccount.value.get(id) ?? { items: [], ahead: 0 };
  const { failure: _, ...rest } = before;
  byAccount.value = new Map([...byAccount.value, [id, { ...rest, ...list }]]);
}

function followMobileToken(account: MobileTokenAccount): () => void {
  const { operations } = account.services;
  operations.listener = {
    operationsChanged(list) {
      noteReach(true);
      const ahead = (operations.currentServerDate?.getTime() ?? Date.now()) - Date.now();
      const items = list.map((operation) => asPending(account, operation));
      put(account.id, { items, ahead });
    },
    operationsFailed(failure) {
      if (failureOf(failure) === "network") noteReach(false);
      put(account.id, { failure });
    },
    inboxChanged: () => void countUnread(account),
  };
  operations.startLive();
  void countUnread(account);
  return () => {
    operations.stopLive();
    operations.listener = undefined;
  };
}

export function asPending(account: MobileTokenAccount, operation: UserOperation): PendingOperation {
  const { id, operationExpires: expires } = operation;
  return { kind: "mobile-token", account, id, operation, expires };
}

/** Milliseconds: a net under the news, and what takes their place where there are none. */
const [askAgain, askInstead] = [60_000, 3_000];

function followApprove(account: ApproveAccount): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pause = askAgain;
  let isOver = false;
  const look = async () => {
    await loadTransactions(account);
    clearTimeout(timer);
    if (!isOver) timer = setTimeout(() => void (isSeen() ? look() : undefined), pause);
  };
  const isSeen = () => document.visibilityState === "visible";
  const onSeen = () => void (isSeen() && look());
  const stop = account.container.followNews(
    () => void look(),
    () => {
      pause = askInstead;
      void look();
    },
  );
  void look();
  void renewWhenDue(account);
  document.addEventListener("visibilitychange", onSeen);
  return () => {
    isOver = true;
    clearTimeout(timer);
    stop();
    document.removeEventListener("visibilitychange", onSeen);
  };
}

/** Loads are numbered as they start: an older list does not replace a newer one. */
let started = 0;
const taken = new Map<string, number>();

async function loadTransactions(account: ApproveAccount): Promise<void> {
  const number = ++started;
  const take = (list: Partial<OfAccount>) => {
    if (number < (taken.get(account.id) ?? 0)) return;
    taken.set(account.id, number);
    put(account.id, list);
  };
  try {
    const ids = await account.container.retrieveTransactionIds();
    const known = byAccount.value.get(account.id)?.items ?? [];
    const items = await Promise.all(ids.map((id) => readTransaction(account, id, known)));
    noteReach(true);
    take({ items });
  } catch (failure) {
    if (failureOf(failure) === "network") noteReach(false);
    take({ failure });
  }
}

/** One that was for nobody yet is this person's once it is fetched; only then is it in the list of the server. */
export async function addTransaction(account: ApproveAccount, text: string): Promise<void> {
  const known = byAccount.value.get(account.id)?.items ?? [];
  const added = await readTransaction(account, text, known);
  // The list may have been loaded in between.
  const { items = [] } = byAccount.value.get(account.id) ?? {};
  if (!items.some(({ id }) => id === added.id)) put(account.id, { items: [...items, added] });
}

/** Each is fetched once. */
async function readTransaction(
  account: ApproveAccount,
  text: string,
  known: readonly Pending[],
): Promise<PendingTransaction> {
  const info = await account.device.retrieveActionInfo(text, account.container.userId);
  const id = info.uniqueIdentifier;
  const before = known.find((one) => one.id === id);
  if (before?.kind === "approve") return before;
  const isOpen = info.protectionKey.protectionPolicy.type === "DEVICE";
  const transaction = isOpen ? await info.getAction() : undefined;
  return { kind: "approve", account, id, info, transaction, expires: transaction?.expiryDate ?? undefined };
}

function byExpiry(a: Pending, b: Pending): number {
  return (a.expires?.getTime() ?? Infinity) - (b.expires?.getTime() ?? Infinity);
}
