/** Asks before something is done that cannot be taken back lightly, and does it: busy, refused, done. */
import { useState } from "preact/hooks";
import { Button } from "../../design/components/Button.tsx";
import { Field } from "../../design/components/Field.tsx";
import { Notice } from "../../design/components/Notice.tsx";
import { Sheet } from "../../design/components/Sheet.tsx";
import { textOf } from "../state/load.ts";

export interface AskProps {
  /** On the button that asks. */
  readonly action: string;
  readonly title: string;
  readonly text: string;
  readonly danger?: boolean;
  /** A line that goes with it, such as a reason. */
  readonly line?: string;
  readonly perform: (line: string) => Promise<unknown>;
  readonly onDone: () => void;
}

export function Ask({ action, title, text, danger = false, line, perform, onDone }: AskProps) {
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const [typed, setTyped] = useState("");
  const act = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await perform(typed.trim());
      setOpen(false);
      setTyped("");
      onDone();
    } catch (thrown) {
      setError(textOf(thrown));
    }
    setBusy(false);
  };
  return (
    <>
      <Button look={danger ? "danger-plain" : "second"} onClick={() => setOpen(true)}>
        {action}
      </Button>
      {open && (
        <Sheet title={title} onClose={() => setOpen(false)}>
          <p class="soft">{text}</p>
          {line !== undefined && <Field label={line} value={typed} onValue={setTyped} maxLength={255} />}
          {error !== undefined && (
            <Notice tone="danger" live>
              {error}
            </Notice>
          )}
          <div class="sheet-actions">
            <Button look="second" onClick={() => setOpen(false)}>
              Keep it
            </Button>
            <Button look={danger ? "danger" : "main"} busy={busy} onClick={() => void act()}>
              {action}
            </Button>
          </div>
        </Sheet>
      )}
    </>
  );
}
