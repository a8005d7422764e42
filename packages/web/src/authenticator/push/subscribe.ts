/**
 * Web Push: this browser's addresses, told to the servers of all accounts that can use them. An address belongs to one
 * server key, and a service worker's registration has one address: applications with other keys than this page's own get a
 * registration each. Approve servers tell their key. A Mobile Token server does not, so of those accounts only the ones of
 * this page's own application can be reached.
 */
import { PushPlatform } from "@countersign/client/mobile-token";
import type { ApproveAccount, MobileTokenAccount } from "../accounts/account.ts";
import { accounts } from "../accounts/accounts.ts";
import { readStart, type Start } from "../activation/start.ts";

type Told = (subscription: PushSubscription) => Promise<void>;

const canUse = () => "PushManager" in globalThis && "serviceWorker" in navigator;

/** Whom to tell, by server key. Servers that do not answer are left out. */
async function reachable(): Promise<ReadonlyMap<string, readonly Told[]>> {
  const start = await readStart();
  const known = accounts.value ?? [];
  const found = await Promise.all(
    known.map(async (account) => {
      const key = account.kind === "approve" ? await approveKey(account) : ownKey(account, start);
      return { key, told: toldOf(account) };
    }),
  );
  const byKey = new Map<string, Told[]>(start?.pushKey === undefined ? [] : [[start.pushKey, []]]);
  for (const { key, told } of found) if (key !== undefined) byKey.set(key, [...(byKey.get(key) ?? []), told]);
  return byKey;
}

function ownKey({ configuration }: MobileTokenAccount, start: Start | undefined): string | undefined {
  return configuration === start?.configuration ? start.pushKey : undefined;
}

async function approveKey({ container }: ApproveAccount): Promise<string | undefined> {
  return (await container.retrieveWebPushKey().catch(() => null)) ?? undefined;
}

function toldOf(account: MobileTokenAccount | ApproveAccount): Told {
  if (account.kind === "mobile-token") {
    return async (subscription) => {
      await account.services.push.register(PushPlatform.web(subscription));
    };
  }
  return async (subscription) => {
    const { SDKConstants } = await import("@countersign/client/approve");
    await account.container.updateDeviceInfo(SDKConstants.DEVICE_INFO_PUSHID, JSON.stringify(subscription));
  };
}

export async function canSubscribe(): Promise<boolean> {
  return canUse() && (await reachable()).size > 0;
}

async function subscriptions(): Promise<readonly PushSubscription[]> {
  const registrations = await navigator.serviceWorker.getRegistrations();
  const all = await Promise.all(registrations.map(({ pushManager }) => pushManager.getSubscription()));
  return all.filter((one) => one !== null);
}

export async function isSubscribed(): Promise<boolean> {
  return (await subscriptions()).length > 0;
}

/** Asks the person, once. Throws what the browser throws, and what the SDKs throw. */
export async function subscribe(): Promise<void> {
  const [start, byKey] = await Promise.all([readStart(), reachable()]);
  for (const [key, told] of byKey) {
    const { pushManager } = await registrationFor(key, start);
    const subscription = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    for (const tell of told) await tell(subscription);
  }
}

/** After an account was connected: where notifications are on, they are on for it, too. */
export async function subscribeMore(): Promise<void> {
  if (canUse() && (await isSubscribed())) await subscribe();
}

/** The page's own is active since the page was opened; another one's scope holds no page, only its address. */
async function registrationFor(key: string, start: Start | undefined): Promise<ServiceWorkerRegistration> {
  if (key === start?.pushKey) return navigator.serviceWorker.ready;
  const scope = `push/${key.slice(0, 32)}/`;
  const registration = await navigator.serviceWorker.register("service-worker.js", { scope });
  const worker = registration.active ?? registration.waiting ?? registration.installing;
  await new Promise<void>((resolve) => {
    const look = () => void (worker?.state === "activated" && resolve());
    worker?.addEventListener("statechange", look);
    look();
  });
  return registration;
}

export async function unsubscribe(): Promise<void> {
  await Promise.all((await subscriptions()).map((one) => one.unsubscribe()));
}
