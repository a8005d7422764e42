/** Push messages as Chromium's own tools deliver them to the page's service worker, and what becomes of them. */
import type { Page } from "playwright-core";

export interface Shown {
  readonly title: string;
  readonly body: string;
  readonly tag: string;
}

/** Delivers the message to the worker of the page itself; resolves with the notification that it shows. */
export async function deliverPush(page: Page, data: string): Promise<Shown> {
  const { origin, pathname } = new URL(page.url());
  const devtools = await page.context().newCDPSession(page);
  await page.evaluate(async () => (await navigator.serviceWorker.ready).active?.state);
  const registered = new Promise<string>((resolve) => {
    devtools.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
      // The page may have registered others, for accounts of other servers.
      const own = registrations.find(
        ({ scopeURL, isDeleted }) => new URL(scopeURL).pathname === pathname && !isDeleted,
      );
      if (own !== undefined) resolve(own.registrationId);
    });
  });
  await devtools.send("ServiceWorker.enable");
  await devtools.send("ServiceWorker.deliverPushMessage", { origin, registrationId: await registered, data });
  const shown = await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    const latest = performance.now() + 20_000;
    while (performance.now() < latest) {
      const [one] = await registration.getNotifications();
      if (one !== undefined) return { title: one.title, body: one.body, tag: one.tag };
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return undefined;
  });
  await devtools.detach();
  if (shown === undefined) throw new Error("The message was delivered, and no notification is shown");
  return shown;
}

/** As if the person pressed the notification that is shown. */
export async function pressNotification(page: Page): Promise<void> {
  const [worker] = page.context().serviceWorkers();
  if (worker === undefined) throw new Error("There is no service worker");
  await worker.evaluate(async () => {
    const scope = globalThis as unknown as {
      registration: ServiceWorkerRegistration;
      NotificationEvent: new (type: string, init: object) => Event;
    };
    const [notification] = await scope.registration.getNotifications();
    globalThis.dispatchEvent(new scope.NotificationEvent("notificationclick", { notification }));
  });
}
