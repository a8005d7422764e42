import type { ButtonHTMLAttributes, ComponentChildren } from "preact";
import "./button.css";

type Attributes = Omit<ButtonHTMLAttributes, "class" | "className" | "disabled">;

export interface ButtonProps extends Attributes {
  readonly look?: "main" | "second" | "plain" | "danger" | "danger-plain";
  /** While what it began goes on: it cannot be pressed, and says that it is busy. */
  readonly busy?: boolean;
  readonly disabled?: boolean;
  /** As wide as its place. */
  readonly wide?: boolean;
  readonly children: ComponentChildren;
}

export function Button({
  look = "main",
  busy = false,
  disabled = false,
  wide = false,
  children,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      class={`button button-${look}${wide ? " button-wide" : ""}`}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
    >
      {busy && <span class="button-spinner" aria-hidden="true" />}
      {children}
    </button>
  );
}
