/** How many messages were not read, over all accounts. */
import { computed, signal } from "@preact/signals";
import type { MobileTokenAccount } from "../accounts/account.ts";

const byAccount = signal<ReadonlyMap<string, number>>(new Map());

export const unreadCount = computed(() => [...byAccount.value.values()].reduce((sum, count) => sum + count, 0));

/** Asks the server; what cannot be reached keeps its last count. */
export async function countUnread({ id, services }: MobileTokenAccount): Promise<void> {
  const count = await services.inbox.getUnreadCount().catch(() => undefined);
  if (count !== undefined) byAccount.value = new Map([...byAccount.value, [id, count.countUnread]]);
}

export function forgetUnread(id: string): void {
  byAccount.value = new Map([...byAccount.value].filter(([one]) => one !== id));
}
