/**
 * The lock of the page: who opens it proves to be the person before anything is shown. A PIN is checked by the server,
 * because nothing on the device can tell a right one; a passkey is checked by the device.
 */
import { computed, signal } from "@preact/signals";
import { knownAccounts } from "../accounts/accounts.ts";
import { readRecord, writeRecord } from "../accounts/storage.ts";

/** Only a Mobile Token account has a PIN that a server checks. */
export const lockingAccounts = computed(() =>
  (knownAccounts.value ?? []).filter(({ kind }) => kind === "mobile-token"),
);
export const canLock = computed(() => lockingAccounts.value.length > 0);
export const isLockOn = signal(true);
const isOpen = signal(false);

export const isLocked = computed(() => canLock.value && isLockOn.value && !isOpen.value);

/** On, unless it was turned off. */
export async function readLock(): Promise<void> {
  isLockOn.value = (await readRecord<boolean>("lock")) ?? true;
}

export async function setLock(isOn: boolean): Promise<void> {
  isOpen.value = true;
  isLockOn.value = isOn;
  await writeRecord("lock", isOn);
}

/** Also for who has just connected an account. */
export function unlock(): void {
  isOpen.value = true;
}
