import { Button } from "../../design/components/Button.tsx";
import { Icon } from "../../design/components/Icon.tsx";
import { accounts } from "../accounts/accounts.ts";
import { brand } from "../brand/brand.ts";
import { Heading } from "../shell/Heading.tsx";
import { go, goBack, type Route } from "../shell/route.ts";
import { Page } from "../shell/Shell.tsx";
import { texts } from "../texts/texts.ts";
import { Connect } from "./Connect.tsx";
import { entry } from "./entered.ts";
import { PasteLink } from "./PasteLink.tsx";
import { TypeCode } from "./TypeCode.tsx";
import { TypeInvite } from "./TypeInvite.tsx";
import "./activation.css";

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

function Choice({ isFirst }: { readonly isFirst: boolean }) {
  const t = texts.value;
  return (
    <section class="stack welcome">
      <div class="welcome-mark" aria-hidden="true">
        <Icon name="shield" size={44} />
      </div>
      <div class="stack stack-tight">
        <Heading>{isFirst ? t.welcome.title : t.add.title}</Heading>
        <p class="soft">{isFirst ? t.welcome.text : t.add.text}</p>
      </div>
      <div class="actions">
        <Button wide onClick={() => go({ at: "scan" })}>
          <Icon name="scan" /> {t.welcome.scan}
        </Button>
        <Button wide look="second" onClick={() => go({ at: "add", by: "code" })}>
          <Icon name="keyboard" /> {t.welcome.code}
        </Button>
        <Button wide look="second" onClick={() => go({ at: "add", by: "link" })}>
          <Icon name="link" /> {t.welcome.link}
        </Button>
      </div>
      {isFirst && (
        <p class="welcome-safe small soft">
          <Icon name="lock" size={18} /> {t.welcome.safe}
          <span class="unseen">{brand.name}</span>
        </p>
      )}
    </section>
  );
}
