import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "../../design/components/Icon.tsx";
import { brand } from "../brand/brand.ts";
import { unreadCount } from "../inbox/unread.ts";
import { pendingCount } from "../operations/pending.ts";
import { texts } from "../texts/texts.ts";
import { isOnline } from "./network.ts";
import { addressOf, type Route, route } from "./route.ts";
import "./shell.css";

const tabs = [
  { at: "approvals", icon: "shield" },
  { at: "history", icon: "clock" },
  { at: "inbox", icon: "envelope" },
  { at: "settings", icon: "gear" },
] as const satisfies readonly { readonly at: Route["at"]; readonly icon: IconName }[];

const counts = { approvals: pendingCount, inbox: unreadCount, history: undefined, settings: undefined };

/** The frame around the main sections: what they are, and how to scan. */
export function Shell({ children }: { readonly children: ComponentChildren }) {
  const t = texts.value;
  return (
    <div class="shell">
      <a class="skip" href="#content" onClick={skip}>
        {t.app.skip}
      </a>
      <nav class="tabs" aria-label={t.tabs.label}>
        <p class="tabs-brand" aria-hidden="true">
          {brand.name}
        </p>
        {tabs.map(({ at, icon }) => (
          <Tab key={at} at={at} icon={icon} label={t.tabs[at]} count={counts[at]?.value ?? 0} />
        ))}
        <a class="tab tab-scan" href={addressOf({ at: "scan" })}>
          <Icon name="scan" />
          <span>{t.tabs.scan}</span>
        </a>
      </nav>
      <main class="content" id="content" tabIndex={-1}>
        <OfflineBar />
        {children}
      </main>
    </div>
  );
}

/** The address is the route's: it does not change for this. */
function skip(event: Event) {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

interface TabProps {
  readonly at: (typeof tabs)[number]["at"];
  readonly icon: IconName;
  readonly label: string;
  readonly count: number;
}

function Tab({ at, icon, label, count }: TabProps) {
  return (
    <a class="tab" href={addressOf({ at })} aria-current={route.value.at === at ? "page" : undefined}>
      <span class="tab-icon">
        <Icon name={icon} />
        {count > 0 && <span class="tab-count">{count}</span>}
      </span>
      <span>{label}</span>
    </a>
  );
}

export function OfflineBar() {
  return (
    <div role="status">
      {!isOnline.value && (
        <p class="offline-bar">
          <Icon name="offline" size={20} /> {texts.value.app.offline}
        </p>
      )}
    </div>
  );
}

/** A screen of its own, with a way back. */
export function Page({
  children,
  onBack,
  label,
}: {
  readonly children: ComponentChildren;
  readonly onBack?: (() => void) | undefined;
  readonly label?: string;
}) {
  const t = texts.value;
  return (
    <div class="page">
      <header class="page-bar">
        {onBack !== undefined && (
          <button type="button" class="page-back" onClick={onBack} aria-label={t.app.back}>
            <Icon name="back" />
          </button>
        )}
        <span class="page-label">{label ?? brand.name}</span>
      </header>
      <main class="page-content" id="content" tabIndex={-1}>
        <OfflineBar />
        {children}
      </main>
    </div>
  );
}
