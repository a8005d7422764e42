/** The accounts of this device, in the order they were connected. */
import { computed, type ReadonlySignal, signal } from "@preact/signals";
import type { Account, AccountRecord, MobileTokenAccount } from "./account.ts";
import { readRecord, writeRecord } from "./storage.ts";

const remembered = signal<readonly AccountRecord[] | undefined>(undefined);
const opened = signal<readonly Account[] | undefined>(undefined);

/** Undefined until they are opened, for which the SDK has to be there. */
export const accounts: ReadonlySignal<readonly Account[] | undefined> = opened;

/** The same before they are opened, for the first screen. Undefined until they are read. */
export const knownAccounts = computed<readonly AccountRecord[] | undefined>(() => opened.value ?? remembered.value);

export const mobileTokenAccounts = computed(() =>
  (opened.value ?? []).filter((account) => account.kind === "mobile-token"),
);

const name = "accounts";

export async function readAccounts(): Promise<void> {
  remembered.value = (await readRecord<readonly AccountRecord[]>(name)) ?? [];
}

let opening: Promise<void> | undefined;

/**
 * What was read, once. One that cannot be opened is left out, and stays remembered. Rejects when the SDK cannot be loaded,
 * and may be called again.
 */
export function openAccounts(): Promise<void> {
  opening ??= openRemembered().catch((error: unknown) => {
    opening = undefined;
    throw error;
  });
  return opening;
}

async function openRemembered(): Promise<void> {
  const records = remembered.value ?? [];
  const opens = await Promise.all(records.map(loadOpen));
  const settled = await Promise.allSettled(opens.map((open) => open()));
  opened.value = settled.flatMap((one) => (one.status === "fulfilled" && one.value !== undefined ? [one.value] : []));
}

/** What opens the account, loaded when there is one of its kind. */
async function loadOpen(record: AccountRecord): Promise<() => Promise<Account | undefined>> {
  if (record.kind === "approve") {
    const { openApprove } = await import("./approve.ts");
    return () => openApprove(record);
  }
  const { openMobileToken } = await import("./mobile-token.ts");
  return () => openMobileToken(record);
}

/** Waits until it is opened. Undefined for one that cannot be. */
export async function openedMobileToken(id: string): Promise<MobileTokenAccount | undefined> {
  await openAccounts();
  return mobileTokenAccounts.value.find((one) => one.id === id);
}

/** Remembers a new account, or another name of one. Its keys are stored before. */
export async function keepAccount(record: AccountRecord): Promise<void> {
  await change((records) => [...records.filter(({ id }) => id !== record.id), record]);
  const account = await (await loadOpen(record))();
  if (account === undefined) return;
  const before = opened.value ?? [];
  const isKnown = before.some(({ id }) => id === account.id);
  opened.value = isKnown ? before.map((one) => (one.id === account.id ? account : one)) : [...before, account];
}

export async function forgetAccount(id: string): Promise<void> {
  await change((records) => records.filter((one) => one.id !== id));
  opened.value = (opened.value ?? []).filter((one) => one.id !== id);
}

export function findAccount(id: string): Account | undefined {
  return opened.value?.find((one) => one.id === id);
}

async function change(edit: (records: readonly AccountRecord[]) => readonly AccountRecord[]): Promise<void> {
  // Two tabs may connect accounts at once: what is stored counts.
  await navigator.locks.request("authenticator/accounts", async () => {
    const records = (await readRecord<readonly AccountRecord[]>(name)) ?? [];
    const edited = edit(records);
    const order = records.map(({ id }) => id);
    const place = ({ id }: AccountRecord) => (order.includes(id) ? order.indexOf(id) : order.length);
    await writeRecord(
      name,
      edited.toSorted((a, b) => place(a) - place(b)),
    );
  });
}
