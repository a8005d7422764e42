/** Web Push: this browser's address, told to the servers of all accounts that can use it. */
import { PushPlatform } from "@countersign/client/mobile-token";
import type { MobileTokenAccount } from "../accounts/account.ts";
import { accounts } from "../accounts/accounts.ts";
import { readStart } from "../activation/start.ts";

/** Only accounts of this page's own application: its server's key is the one that the subscription is for. */
async function reachable(configuration: string | undefined): Promise<readonly MobileTokenAccount[]> {
  return (accounts.value ?? []).filter(
    (account): account is MobileTokenAccount =>
      account.kind === "mobile-token" && account.configuration === configuration,
  );
}

export async function canSubscribe(): Promise<boolean> {
  if (!("PushManager" in globalThis) || !("serviceWorker" in navigator)) return false;
  return (await readStart())?.pushKey !== undefined;
}

export async function isSubscribed(): Promise<boolean> {
  const registration = await navigator.serviceWorker.getRegistration();
  return (await registration?.pushManager.getSubscription()) != null;
}

/** Asks the person, once. Throws what the browser throws, and `MobileTokenError`. */
export async function subscribe(): Promise<void> {
  const start = await readStart();
  if (start?.pushKey === undefined) return;
  const registration = await navigator.serviceWorker.ready;
  const subscription = await registration.pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: start.pushKey,
  });
  for (const account of await reachable(start.configuration)) {
    await account.services.push.register(PushPlatform.web(subscription));
  }
}

export async function unsubscribe(): Promise<void> {
  const registration = await navigator.serviceWorker.getRegistration();
  await (await registration?.pushManager.getSubscription())?.unsubscribe();
}
