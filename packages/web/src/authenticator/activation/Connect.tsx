import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button } from "../../design/components/Button.tsx";
import { Notice } from "../../design/components/Notice.tsx";
import { hostOf } from "../accounts/account.ts";
import { Heading } from "../shell/Heading.tsx";
import { go } from "../shell/route.ts";
import { Page } from "../shell/Shell.tsx";
import { texts } from "../texts/texts.ts";
import { ConnectApprove } from "./ConnectApprove.tsx";
import { ConnectMobileToken } from "./ConnectMobileToken.tsx";
import { entry as entered } from "./entered.ts";
import type { Entry } from "./entry.ts";
import { readStart } from "./start.ts";

/** What is needed to connect a Mobile Token account. */
export interface Issued {
  readonly code: string;
  readonly server: string;
  readonly configuration: string;
  readonly name: string;
}

/** From a code to an account. A server that did not come with this page is named, and the person asked. */
export function Connect({ entry }: { readonly entry: Entry }) {
  const t = texts.value;
  const issued = useSignal<Issued | "none" | undefined>(undefined);
  const isConfirmed = useSignal(false);
  useEffect(() => {
    const find = async () => {
      issued.value = (await issuedFrom(entry)) ?? "none";
      // Who typed the address of a server has seen it.
      isConfirmed.value ||= entry.kind === "code" || entry.kind === "invite";
    };
    void find();
  }, []);

  const leave = () => {
    entered.value = undefined;
    go({ at: "approvals" }, { replace: true });
  };
  const isApprove = entry.kind === "offer" || entry.kind === "invite";
  if (!isApprove && issued.value === undefined) return <Page onBack={leave}>{null}</Page>;
  if (!isApprove && issued.value === "none") {
    return (
      <Page onBack={leave}>
        <Heading>{t.add.title}</Heading>
        <Notice tone="warning">{t.add.noServer}</Notice>
      </Page>
    );
  }
  const server = entry.kind === "code" ? "" : hostOf(entry);
  if (!isConfirmed.value && entry.kind !== "invite") {
    return (
      <Page onBack={leave}>
        <section class="stack">
          <Heading>{t.add.confirmTitle}</Heading>
          <p class="server-name card">
            <span class="small soft">{t.add.server}</span>
            <strong>{server}</strong>
          </p>
          <p class="soft">{t.add.confirmText}</p>
          <div class="actions">
            <Button wide onClick={() => (isConfirmed.value = true)}>
              {t.app.continue}
            </Button>
            <Button wide look="plain" onClick={leave}>
              {t.app.cancel}
            </Button>
          </div>
        </section>
      </Page>
    );
  }
  if (isApprove) return <ConnectApprove entry={entry} onLeave={leave} />;
  return typeof issued.value === "object" ? <ConnectMobileToken issued={issued.value} onLeave={leave} /> : null;
}

/** A bare code belongs to the application of this page's own server. */
async function issuedFrom(entry: Entry): Promise<Issued | undefined> {
  if (entry.kind === "offer" || entry.kind === "invite") return undefined;
  if (entry.kind === "link") {
    const { code, server, configuration, name = hostOf(entry) } = entry;
    return { code, server, configuration, name };
  }
  const start = await readStart();
  if (start?.configuration === undefined) return undefined;
  const server = location.origin;
  return { code: entry.code, server, configuration: start.configuration, name: hostOf({ server }) };
}
