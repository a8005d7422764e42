import { Button } from "../../design/components/Button.tsx";
import { Icon } from "../../design/components/Icon.tsx";
import { brand } from "../brand/brand.ts";
import { Heading } from "../shell/Heading.tsx";
import { go } from "../shell/route.ts";
import { texts } from "../texts/texts.ts";
import "./activation.css";

/** How the code gets here. All that a newcomer sees at first. */
export function Choice({ isFirst }: { readonly isFirst: boolean }) {
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
