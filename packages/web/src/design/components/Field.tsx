import type { ComponentChildren, InputHTMLAttributes } from "preact";
import { useId } from "preact/hooks";
import "./field.css";

export interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly type?: "text" | "password" | "url";
  readonly hint?: ComponentChildren;
  /** What is wrong with it, spoken when it appears. */
  readonly error?: string | undefined;
  /** Letters of one width, for codes. */
  readonly mono?: boolean;
  readonly name?: string;
  readonly inputMode?: "text" | "numeric" | "decimal" | "url";
  readonly autoComplete?: string;
  readonly autoCapitalize?: "none" | "characters";
  readonly maxLength?: number;
  readonly placeholder?: string;
  readonly required?: boolean;
  readonly autoFocus?: boolean;
}

/** A line of text with its label, hint and error. */
export function Field({ label, value, onValue, hint, error, mono = false, type = "text", ...rest }: FieldProps) {
  const id = useId();
  // One of the roles that go with each type, says its own type; this component sets none.
  const attributes = { ...rest, type } as InputHTMLAttributes;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        {...attributes}
        spellcheck={false}
        id={id}
        class={`field-input${mono ? " code" : ""}`}
        value={value}
        onInput={(event) => onValue(event.currentTarget.value)}
        aria-invalid={error !== undefined}
        aria-describedby={`${id}-hint ${id}-error`}
      />
      <div class="field-hint" id={`${id}-hint`}>
        {hint}
      </div>
      <div class="field-error" id={`${id}-error`} role="alert">
        {error}
      </div>
    </div>
  );
}
