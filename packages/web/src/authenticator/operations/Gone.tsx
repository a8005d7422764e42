import { Button } from "../../design/components/Button.tsx";
import { Icon } from "../../design/components/Icon.tsx";
import { Heading } from "../shell/Heading.tsx";
import { toApprovals } from "../shell/route.ts";
import { Page } from "../shell/Shell.tsx";
import { texts } from "../texts/texts.ts";
import "./decide/decide.css";

/** What is said of something that can no longer be decided. */
export function Gone({ isLate }: { readonly isLate: boolean }) {
  const t = texts.value;
  return (
    <Page onBack={toApprovals}>
      <section class="stack stack-middle result">
        <div class="result-mark result-mark-neutral" aria-hidden="true">
          <Icon name="clock" size={44} />
        </div>
        <Heading>{isLate ? t.operation.expiredTitle : t.operation.goneTitle}</Heading>
        <p class="soft">{isLate ? t.operation.expiredText : t.operation.goneText}</p>
        <Button wide look="second" onClick={toApprovals}>
          {t.app.home}
        </Button>
      </section>
    </Page>
  );
}
