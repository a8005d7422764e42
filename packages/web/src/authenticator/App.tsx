import { useEffect } from "preact/hooks";
import { accounts } from "./accounts/accounts.ts";
import { AddAccount } from "./activation/AddAccount.tsx";
import { entry } from "./activation/entered.ts";
import { Approvals } from "./operations/Approvals.tsx";
import { OperationPage } from "./operations/OperationPage.tsx";
import { follow } from "./operations/pending.ts";
import { route } from "./shell/route.ts";
import { Shell } from "./shell/Shell.tsx";

export function App() {
  if (accounts.value === undefined) return null;
  return (
    <>
      <Following />
      <Screen />
    </>
  );
}

/** Lists are kept up to date on every screen. */
function Following() {
  return accounts.value?.map((account) => <Follow key={account.id} account={account} />);
}

function Follow({ account }: { readonly account: Parameters<typeof follow>[0] }) {
  useEffect(() => follow(account), [account]);
  return null;
}

function Screen() {
  const place = route.value;
  const isNew = accounts.value?.length === 0;
  if (entry.value !== undefined) return <AddAccount by="choice" />;
  switch (place.at) {
    case "add":
      return <AddAccount by={place.by} />;
    case "operation":
      return <OperationPage key={`${place.account}/${place.id}`} account={place.account} id={place.id} />;
    default:
      if (isNew) return <AddAccount by="choice" />;
      return (
        <Shell>
          <Approvals />
        </Shell>
      );
  }
}
