import type { UserOperation } from "@countersign/client/mobile-token";
import { Button } from "../../../design/components/Button.tsx";
import { Icon } from "../../../design/components/Icon.tsx";
import { Heading } from "../../shell/Heading.tsx";
import { toApprovals } from "../../shell/route.ts";
import { Page } from "../../shell/Shell.tsx";
import { texts } from "../../texts/texts.ts";
import { AfterApproval } from "../screens/AfterApproval.tsx";

export type Outcome = "approved" | "rejected" | "reported" | "failed";

interface ResultProps {
  readonly outcome: Outcome;
  /** Of Mobile Token: it may have words, and a screen, for it. */
  readonly operation?: UserOperation;
}

const icons = { approved: "check", rejected: "close", reported: "warning", failed: "warning" } as const;

export function Result({ outcome, operation }: ResultProps) {
  const t = texts.value;
  const own = operation?.formData.resultTexts;
  const text = outcome === "approved" ? own?.success : outcome === "rejected" ? own?.reject : undefined;
  const after = outcome === "approved" ? operation?.ui?.postApprovalScreen : undefined;
  return (
    <Page>
      <section class="stack stack-middle result">
        <div class={`result-mark result-mark-${outcome}`} aria-hidden="true">
          <Icon name={icons[outcome]} size={44} />
        </div>
        <Heading>{t.result[outcome]}</Heading>
        <p class="soft" role="status">
          {text ?? t.result[`${outcome}Text`]}
        </p>
        {after !== undefined && <AfterApproval screen={after} />}
        <Button wide look={after?.type === "MERCHANT_REDIRECT" ? "plain" : "main"} onClick={toApprovals}>
          {t.app.done}
        </Button>
      </section>
    </Page>
  );
}
