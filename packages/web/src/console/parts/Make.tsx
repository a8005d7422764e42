/** A small form over the page that makes or changes one thing: busy, refused, done. What is shown once stays until it is closed. */
import { useState } from "preact/hooks";
import { Button } from "../../design/components/Button.tsx";
import { Field } from "../../design/components/Field.tsx";
import { Notice } from "../../design/components/Notice.tsx";
import { Sheet } from "../../design/components/Sheet.tsx";
import { textOf } from "../state/load.ts";
import { Choice, Code, Facts } from "./Pieces.tsx";

export interface MakeField {
  readonly name: string;
  readonly label: string;
  readonly value?: string;
  readonly hint?: string;
  /** One of these, in place of a line. */
  readonly options?: readonly (readonly [value: string, text: string])[];
  readonly optional?: true;
}

export type Values = Readonly<Record<string, string>>;

export interface MakeProps {
  /** On the button that opens it, and on the one that does it. */
  readonly action: string;
  readonly fields: readonly MakeField[];
  /** Answers what is shown this once. */
  readonly perform: (values: Values) => Promise<Values | undefined>;
  readonly onDone: (values: Values) => void;
}

export function Make({ action, fields, perform, onDone }: MakeProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button look="second" onClick={() => setOpen(true)}>
        {action}
      </Button>
      {isOpen && (
        <Form action={action} fields={fields} perform={perform} onDone={onDone} onClose={() => setOpen(false)} />
      )}
    </>
  );
}

function Form({ action, fields, perform, onDone, onClose }: MakeProps & { readonly onClose: () => void }) {
  const [values, setValues] = useState<Values>(() =>
    Object.fromEntries(fields.map(({ name, value, options }) => [name, value ?? options?.[0]?.[0] ?? ""])),
  );
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const [once, setOnce] = useState<Values>();
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      const trimmed = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value.trim()]));
      const shown = await perform(trimmed);
      if (shown === undefined) onClose();
      else setOnce(shown);
      onDone(trimmed);
    } catch (thrown) {
      setError(textOf(thrown));
    }
    setBusy(false);
  };
  if (once !== undefined) {
    return (
      <Sheet title="Keep this: it is shown once." onClose={onClose}>
        <Facts facts={Object.entries(once).map(([name, text]) => [name, <Code whole>{text}</Code>])} />
        <div class="sheet-actions">
          <Button onClick={onClose}>Done</Button>
        </div>
      </Sheet>
    );
  }
  return (
    <Sheet title={action} onClose={onClose}>
      <form class="make" onSubmit={(event) => void submit(event)}>
        {fields.map(({ name, label, hint, options, optional }) => {
          const set = (value: string) => setValues((before) => ({ ...before, [name]: value }));
          const value = values[name] ?? "";
          return options === undefined ? (
            <Field key={name} label={label} value={value} onValue={set} hint={hint} required={!optional} />
          ) : (
            <Choice key={name} label={label} value={value} options={options} onValue={set} />
          );
        })}
        {error !== undefined && (
          <Notice tone="danger" live>
            {error}
          </Notice>
        )}
        <div class="sheet-actions">
          <Button look="second" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" busy={busy}>
            {action}
          </Button>
        </div>
      </form>
    </Sheet>
  );
}
