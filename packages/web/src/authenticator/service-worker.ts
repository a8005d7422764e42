/**
 * Keeps the page's own files, so that it opens without a network, and shows what is pushed. It sees no key and no
 * account, and what the page asks a server never passes through it.
 */
import type { WorkerScope } from "./worker-scope.ts";

// Filled in when the page is built.
declare const WORKER_FILES: readonly string[];
declare const WORKER_VERSION: string;

const worker = globalThis as unknown as WorkerScope;
const scope = worker.registration.scope;
const cacheName = `authenticator-${WORKER_VERSION}`;
/** Where the files are. A registration with a narrower scope has no page: it only receives what is pushed to it. */
const base = new URL(".", worker.location.href).href;
const page = new URL("index.html", base).href;

worker.addEventListener("install", (event) => {
  if (scope !== base) return;
  const files = WORKER_FILES.map((file) => new Request(new URL(file, base), { cache: "reload" }));
  event.waitUntil(caches.open(cacheName).then((cache) => cache.addAll(files)));
});

worker.addEventListener("activate", (event) => {
  const tidy = async () => {
    const names = await caches.keys();
    const old = names.filter((name) => name.startsWith("authenticator-") && name !== cacheName);
    await Promise.all(old.map((name) => caches.delete(name)));
    await worker.clients.claim();
  };
  event.waitUntil(tidy());
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(scope)) return;
  event.respondWith(ownFile(request));
});

async function ownFile(request: Request): Promise<Response> {
  const cache = await caches.open(cacheName);
  const found = await cache.match(request.mode === "navigate" ? page : request, { ignoreSearch: true });
  return found ?? fetch(request);
}

/** What a push message of the server carries, as far as it is shown. */
interface Pushed {
  readonly operationId?: string;
  /** Reference of an Approve server's transaction. */
  readonly tds?: string;
  readonly inboxId?: string;
  readonly notification?: { readonly title?: string; readonly body?: string; readonly tag?: string };
}

worker.addEventListener("push", (event) => {
  const pushed = readPushed(event.data?.text());
  const { title = "", body = "", tag = pushed.operationId } = pushed.notification ?? {};
  // Browsers want every message shown: one without words still says that there is something.
  const shown = worker.registration.showNotification(title || "●", {
    body,
    icon: new URL("icon-192.png", base).href,
    badge: new URL("icon-192.png", base).href,
    data: { to: placeOf(pushed) },
    ...(tag !== undefined && { tag }),
  });
  event.waitUntil(shown);
});

worker.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const { to } = event.notification.data as { readonly to: string };
  const open = async () => {
    const [opened] = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
    if (opened === undefined) return worker.clients.openWindow(new URL(to, base).href);
    opened.postMessage({ to });
    return opened.focus();
  };
  event.waitUntil(open());
});

/** The page looks it up: it may be over, or of an account that is gone. */
function placeOf({ inboxId, tds, operationId }: Pushed): string {
  const subject = tds ?? operationId;
  if (inboxId !== undefined) return "#/inbox";
  return subject === undefined ? "#/approvals" : `#/open/${encodeURIComponent(subject)}`;
}

function readPushed(text: string | undefined): Pushed {
  try {
    return JSON.parse(text ?? "{}") as Pushed;
  } catch {
    return {};
  }
}
