import type {
  PreApprovalElement,
  PreApprovalScreen,
  PreApprovalScreensRecorder,
  PreApprovalScreenAction,
  ProximityCheck,
} from "@countersign/client/mobile-token";
import { useEffect } from "preact/hooks";
import { Button } from "../../../design/components/Button.tsx";
import { Icon } from "../../../design/components/Icon.tsx";
import { Notice } from "../../../design/components/Notice.tsx";
import { Heading } from "../../shell/Heading.tsx";
import { Page } from "../../shell/Shell.tsx";
import { isSafeLink } from "../form/picture.ts";
import { ScanProximity } from "./ScanProximity.tsx";
import { ScreenControls } from "./ScreenControls.tsx";

interface BeforeApprovalProps {
  readonly screen: PreApprovalScreen;
  readonly operationId: string;
  readonly recorder: PreApprovalScreensRecorder;
  readonly onProximity: (check: ProximityCheck) => void;
  readonly onNext: () => void;
  readonly onBack: () => void;
  readonly onReject: () => void;
}

/** One of the screens that the bank wants seen before an approval. Visits are recorded for its fraud detection. */
export function BeforeApproval(props: BeforeApprovalProps) {
  const { screen, operationId, recorder, onProximity, onNext, onBack, onReject } = props;
  const { id = "", type, heading, message, elements = [], backButton = true } = screen;
  useEffect(() => void recorder.begin(id), []);
  const leave = (action: PreApprovalScreenAction, to: () => void) => () => {
    recorder.end(id, action);
    to();
  };
  const reject = leave("REJECT", onReject);
  return (
    <Page onBack={backButton ? leave("BACK", onBack) : undefined}>
      <section class="stack stack-middle">
        <div class={`screen-image${type === "WARNING" ? " screen-image-warning" : ""}`} aria-hidden="true">
          <Icon name={type === "WARNING" ? "warning" : type === "QR_SCAN" ? "scan" : "info"} size={44} />
        </div>
        <Heading>{heading}</Heading>
        <p class="soft">{message}</p>
        {elements.length > 0 && (
          <ul class="screen-items">
            {elements.map((element, index) => (
              <li key={index}>
                <Element element={element} onReject={reject} />
              </li>
            ))}
          </ul>
        )}
        {type === "QR_SCAN" ? (
          <ScanProximity
            operationId={operationId}
            onCheck={(check) => {
              recorder.end(id, "SCAN");
              onProximity(check);
              onNext();
            }}
          />
        ) : (
          <ScreenControls
            controls={screen.controls}
            onApprove={leave("CONTINUE", onNext)}
            onBack={leave("BACK", onBack)}
            onReject={reject}
          />
        )}
      </section>
    </Page>
  );
}

const tones = { INFO: "info", WARNING: "warning", DANGER: "danger" } as const;

function Element({ element, onReject }: { readonly element: PreApprovalElement; readonly onReject: () => void }) {
  const { type, text = "", style, href } = element;
  const tone = tones[style as keyof typeof tones] ?? "info";
  switch (type) {
    case "LIST_ITEM":
    case "UNKNOWN":
      return (
        <p class="screen-item">
          <Icon name={tone === "info" ? "check" : "warning"} /> <span>{text}</span>
        </p>
      );
    case "ALERT":
      return <Notice tone={tone}>{text}</Notice>;
    case "BUTTON": {
      const press = () => {
        const target = targetOf(element);
        if (target !== undefined) window.open(target, "_blank", "noopener");
        if (element.actionSettings === "REJECT") onReject();
      };
      const isUseless = href === undefined && element.actionSettings !== "REJECT";
      return (
        <Button wide look={tone === "danger" ? "danger" : "second"} disabled={isUseless} onClick={press}>
          {text}
        </Button>
      );
    }
  }
}

/** Only what is a link by TLS, a mail or a phone number, whatever the screen says. */
function targetOf({ action, href = "" }: PreApprovalElement): string | undefined {
  if (action === "PHONE") return `tel:${href.replace(/^tel:/, "").replace(/[^+\d]/g, "")}`;
  if (action === "MAIL") return `mailto:${encodeURIComponent(href.replace(/^mailto:/, "")).replace("%40", "@")}`;
  return isSafeLink(href) ? href : undefined;
}
