import { useEffect } from "preact/hooks";
import { accounts } from "./accounts/accounts.ts";
import type { Account } from "./accounts/account.ts";
import { AddAccount } from "./activation/AddAccount.tsx";
import { entry } from "./activation/entered.ts";
import { HistoryPage } from "./history/HistoryPage.tsx";
import { InboxPage } from "./inbox/InboxPage.tsx";
import { MessagePage } from "./inbox/MessagePage.tsx";
import { MatchIncoming } from "./link/MatchIncoming.tsx";
import { isLocked } from "./lock/lock.ts";
import { OfflinePage } from "./offline/OfflinePage.tsx";
import { Approvals } from "./operations/Approvals.tsx";
import { OpenPage } from "./operations/OpenPage.tsx";
import { OperationPage } from "./operations/OperationPage.tsx";
import { follow } from "./operations/pending.ts";
import { ScanPage } from "./scan/ScanPage.tsx";
import { AccountPage } from "./settings/AccountPage.tsx";
import { RenewKeys } from "./settings/RenewKeys.tsx";
import { SettingsPage } from "./settings/SettingsPage.tsx";
import { route, type Section as SectionName } from "./shell/route.ts";
import { Shell } from "./shell/Shell.tsx";

/** What goes on whatever screen is shown. */
export function Beside() {
  return (
    <>
      {!isLocked.value && accounts.value?.map((account) => <Follow key={account.id} account={account} />)}
      <MatchIncoming />
    </>
  );
}

/** Lists are kept up to date on every screen. */
function Follow({ account }: { readonly account: Account }) {
  useEffect(() => follow(account), [account]);
  return null;
}

/** All but the first one. */
export function Screen() {
  const place = route.value;
  if (entry.value !== undefined) return <AddAccount by="choice" />;
  switch (place.at) {
    case "add":
      return <AddAccount by={place.by} />;
    case "scan":
      return <ScanPage />;
    case "offline":
      return <OfflinePage />;
    case "operation":
      return <OperationPage key={`${place.account}/${place.id}`} account={place.account} id={place.id} />;
    case "message":
      return <MessagePage key={`${place.account}/${place.id}`} account={place.account} id={place.id} />;
    case "open":
      return <OpenPage key={place.reference} reference={place.reference} />;
    case "renew":
      return <RenewKeys key={place.account} id={place.account} />;
    case "account":
      return <AccountPage key={place.account} id={place.account} />;
    case "approvals":
    case "history":
    case "inbox":
    case "settings":
      return (
        <Shell>
          <Section at={place.at} />
        </Shell>
      );
  }
}

function Section({ at }: { readonly at: SectionName }) {
  switch (at) {
    case "approvals":
      return <Approvals />;
    case "history":
      return <HistoryPage />;
    case "inbox":
      return <InboxPage />;
    case "settings":
      return <SettingsPage />;
  }
}
