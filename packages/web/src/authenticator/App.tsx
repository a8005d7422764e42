import { Button } from "../design/components/Button.tsx";
import { Notice } from "../design/components/Notice.tsx";
import { accounts, knownAccounts } from "./accounts/accounts.ts";
import { Choice } from "./activation/Choice.tsx";
import { entry } from "./activation/entered.ts";
import { isLocked } from "./lock/lock.ts";
import { LockPage } from "./lock/LockPage.tsx";
import { hasFailed, loaded } from "./loaded.ts";
import { isOnline } from "./shell/network.ts";
import { isSection, route } from "./shell/route.ts";
import { Page } from "./shell/Shell.tsx";
import { texts } from "./texts/texts.ts";

/** The first screen of a newcomer and of who comes back; all others as soon as they are loaded. */
export function App() {
  const known = knownAccounts.value;
  if (known === undefined) return null;
  const { at } = route.value;
  // Offline codes can be computed by whoever knows the PIN, and show nothing that waits.
  const isOffline = !isOnline.value && (at === "scan" || at === "offline");
  if (isLocked.value && !isOffline) return <LockPage />;
  const screens = accounts.value && loaded.value;
  const isWelcome = known.length === 0 && isSection(at) && entry.value === undefined;
  return (
    <>
      {isWelcome ? <Welcome /> : screens === undefined ? <Loading /> : <screens.Screen />}
      {screens !== undefined && <screens.Beside />}
    </>
  );
}

function Welcome() {
  return (
    <Page>
      <Choice isFirst />
    </Page>
  );
}

function Loading() {
  const t = texts.value;
  return (
    <Page>
      {hasFailed.value ? (
        <>
          <Notice tone="danger" live>
            {t.errors.network}
          </Notice>
          <Button wide onClick={() => location.reload()}>
            {t.app.retry}
          </Button>
        </>
      ) : (
        <p role="status" class="soft">
          {t.app.loading}
        </p>
      )}
    </Page>
  );
}
