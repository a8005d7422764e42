/** The accounts of this device, in the order they were connected. */
import { computed, type ReadonlySignal, signal } from "@preact/signals";
import type { Account, AccountRecord } from "./account.ts";
import { openApprove } from "./approve.ts";
import { openMobileToken } from "./mobile-token.ts";
import { readRecord, writeRecord } from "./storage.ts";

/** Undefined until they are read. */
const opened = signal<readonly Account[] | undefined>(undefined);
export const accounts: ReadonlySignal<readonly Account[] | undefined> = opened;

export const mobileTokenAccounts = computed(() =>
  (opened.value ?? []).filter((account) => account.kind === "mobile-token"),
);

const name = "accounts";

/** One that cannot be opened is left out, and stays remembered. */
export async function openAccounts(): Promise<void> {
  const records = (await readRecord<readonly AccountRecord[]>(name)) ?? [];
  const settled = await Promise.allSettled(records.map(open));
  opened.value = settled.flatMap((one) => (one.status === "fulfilled" && one.value !== undefined ? [one.value] : []));
}

function open(record: AccountRecord): Promise<Account | undefined> {
  return record.kind === "mobile-token" ? openMobileToken(record) : openApprove(record);
}

/** Remembers a new account, or another name of one. Its keys are stored before. */
export async function keepAccount(record: AccountRecord): Promise<void> {
  await change((records) => [...records.filter(({ id }) => id !== record.id), record]);
  const account = await open(record);
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
