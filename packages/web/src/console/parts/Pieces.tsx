/** Small pieces that every page is made of. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../../design/components/Icon.tsx";
import { instant, plain, shortId } from "./words.ts";
import "../styles/pieces.css";

const tones: Readonly<Record<string, string>> = {
  PENDING: "info",
  APPROVED: "good",
  REJECTED: "danger",
  FAILED: "danger",
  EXPIRED: "warning",
  CANCELED: "quiet",
  ACTIVE: "good",
  BLOCKED: "danger",
  REMOVED: "quiet",
  CREATED: "info",
  PENDING_COMMIT: "info",
  DONE: "good",
  DEAD: "danger",
  intact: "good",
  erased: "warning",
  changed: "danger",
};

export function Status({ of }: { readonly of: string }) {
  return <span class={`status status-${tones[of] ?? "quiet"}`}>{plain(of)}</span>;
}

export function When({ at }: { readonly at: string }) {
  return (
    <time class="when" dateTime={at} title={at}>
      {instant(at)}
    </time>
  );
}

export function Code({ children, whole = false }: { readonly children: string; readonly whole?: boolean }) {
  return (
    <span class="code id" title={whole ? undefined : children}>
      {whole ? children : shortId(children)}
    </span>
  );
}

export interface PageHeadProps {
  readonly title: string;
  readonly lead?: ComponentChildren;
  readonly back?: { readonly address: string; readonly name: string };
  readonly children?: ComponentChildren;
}

/** The heading takes the focus when a page opens, so that a screen reader says where one is. */
export function PageHead({ title, lead, back, children }: PageHeadProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    document.title = `${title} · Countersign console`;
    heading.current?.focus({ preventScroll: true });
    globalThis.scrollTo(0, 0);
  }, [title]);
  return (
    <header class="page-head">
      <div class="page-head-text">
        {back !== undefined && (
          <a class="page-back" href={back.address}>
            <Icon name="back" size={16} /> {back.name}
          </a>
        )}
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {lead !== undefined && <p class="soft">{lead}</p>}
      </div>
      {children !== undefined && <div class="page-actions">{children}</div>}
    </header>
  );
}

export function Panel({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <section class="panel" aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

export type Fact = readonly [name: string, value: ComponentChildren | undefined];

export function Facts({ facts }: { readonly facts: readonly Fact[] }) {
  return (
    <dl class="facts">
      {facts
        .filter(([, value]) => value !== undefined && value !== "")
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** Text that is asked for while it is typed, a moment after the last letter. */
export function SearchField({
  label,
  value,
  onValue,
}: {
  readonly label: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
}) {
  const [text, setText] = useState(value);
  const told = useRef(value);
  useEffect(() => {
    if (text === told.current) return;
    const timer = setTimeout(() => {
      told.current = text;
      onValue(text.trim());
    }, 300);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <label class="filter">
      <span>{label}</span>
      <input type="search" value={text} onInput={(event) => setText(event.currentTarget.value)} spellcheck={false} />
    </label>
  );
}

export function Choice({
  label,
  value,
  options,
  onValue,
}: {
  readonly label: string;
  readonly value: string;
  readonly options: readonly (readonly [value: string, text: string])[];
  readonly onValue: (value: string) => void;
}) {
  return (
    <label class="filter">
      <span>{label}</span>
      <select value={value} onChange={(event) => onValue(event.currentTarget.value)}>
        {options.map(([one, text]) => (
          <option key={one} value={one}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
