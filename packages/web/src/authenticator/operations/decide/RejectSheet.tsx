import { useSignal } from "@preact/signals";
import { Button } from "../../../design/components/Button.tsx";
import { Icon } from "../../../design/components/Icon.tsx";
import { Sheet } from "../../../design/components/Sheet.tsx";
import { texts } from "../../texts/texts.ts";

/** `preApproval` is not offered: it is what turning back on a screen before the approval means. */
export type Reason = "unexpected" | "incorrect" | "other" | "suspicious" | "preApproval";

const offered = ["unexpected", "incorrect", "other"] as const;

interface RejectSheetProps {
  readonly onReason: (reason: Reason) => Promise<void>;
  readonly onClose: () => void;
  readonly canReport?: boolean;
}

export function RejectSheet({ onReason, onClose, canReport = true }: RejectSheetProps) {
  const t = texts.value;
  const chosen = useSignal<Reason | undefined>(undefined);
  const choose = (reason: Reason) => {
    chosen.value = reason;
    void onReason(reason);
  };
  const isBusy = chosen.value !== undefined;
  return (
    <Sheet title={t.rejecting.title} onClose={onClose}>
      <div class="actions">
        {offered.map((reason) => (
          <Button
            key={reason}
            wide
            look="second"
            busy={chosen.value === reason}
            disabled={isBusy}
            onClick={() => choose(reason)}
          >
            {t.rejecting[reason]}
          </Button>
        ))}
      </div>
      {canReport && (
        <div class="report">
          <Button
            wide
            look="danger"
            busy={chosen.value === "suspicious"}
            disabled={isBusy}
            onClick={() => choose("suspicious")}
          >
            <Icon name="warning" /> {t.rejecting.suspicious}
          </Button>
          <p class="small soft">{t.rejecting.suspiciousText}</p>
        </div>
      )}
      <Button wide look="plain" disabled={isBusy} onClick={onClose}>
        {t.app.cancel}
      </Button>
    </Sheet>
  );
}
