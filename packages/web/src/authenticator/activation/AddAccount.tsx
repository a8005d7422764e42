import { accounts } from "../accounts/accounts.ts";
import { goBack, type Route } from "../shell/route.ts";
import { Page } from "../shell/Shell.tsx";
import { Choice } from "./Choice.tsx";
import { Connect } from "./Connect.tsx";
import { entry } from "./entered.ts";
import { PasteLink } from "./PasteLink.tsx";
import { TypeCode } from "./TypeCode.tsx";
import { TypeInvite } from "./TypeInvite.tsx";

/** All of connecting an account: how the code gets here, and then what is made of it. */
export function AddAccount({ by }: { readonly by: Extract<Route, { at: "add" }>["by"] }) {
  const isFirst = accounts.value?.length === 0;
  if (entry.value !== undefined) return <Connect key={JSON.stringify(entry.value)} entry={entry.value} />;
  const back = by !== "choice" || !isFirst ? goBack : undefined;
  return (
    <Page onBack={back}>
      {by === "code" && <TypeCode />}
      {by === "invite" && <TypeInvite />}
      {by === "link" && <PasteLink />}
      {by === "choice" && <Choice isFirst={isFirst} />}
    </Page>
  );
}
