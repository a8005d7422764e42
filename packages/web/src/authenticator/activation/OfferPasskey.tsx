import { Button } from "../../design/components/Button.tsx";
import { Icon } from "../../design/components/Icon.tsx";
import { Notice } from "../../design/components/Notice.tsx";
import { Heading } from "../shell/Heading.tsx";
import { Page } from "../shell/Shell.tsx";
import { texts } from "../texts/texts.ts";

interface OfferPasskeyProps {
  readonly busy: boolean;
  /** It was tried, and there is none. */
  readonly hasFailed: boolean;
  readonly onUse: () => void;
  readonly onLater: () => void;
}

/** Whoever has just chosen a PIN or a password may have a passkey in its place. */
export function OfferPasskey({ busy, hasFailed, onUse, onLater }: OfferPasskeyProps) {
  const t = texts.value;
  return (
    <Page>
      <section class="stack stack-middle">
        <div class="welcome-mark" aria-hidden="true">
          <Icon name="fingerprint" size={44} />
        </div>
        <Heading>{t.biometry.offerTitle}</Heading>
        <p class="soft">{t.biometry.offerText}</p>
        {hasFailed && (
          <Notice tone="warning" live>
            {t.biometry.failed}
          </Notice>
        )}
        <Button wide busy={busy} onClick={onUse}>
          {t.biometry.use}
        </Button>
        <Button wide look="plain" disabled={busy} onClick={onLater}>
          {t.biometry.later}
        </Button>
      </section>
    </Page>
  );
}
