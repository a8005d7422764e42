import {
  type AlertAttribute,
  type AmountConversionAttribute,
  type ImageAttribute,
  type OperationAttribute,
  type OperationCellVisual,
  type PartyInfoAttribute,
  shownAmount,
  shownConversion,
} from "@countersign/client/mobile-token";
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { Icon } from "../../../design/components/Icon.tsx";
import { Notice } from "../../../design/components/Notice.tsx";
import { texts } from "../../texts/texts.ts";
import { isSafeLink, isShownPicture } from "./picture.ts";

/** One row of the form, of any type. A row that is not known says so, and shows what was sent. */
export function AttributeRow({ cell }: { readonly cell: OperationCellVisual }) {
  const { attribute } = cell;
  switch (attribute.type) {
    case "AMOUNT":
      return (
        <Row cell={cell}>
          <span class="amount">{shownAmount(attribute).value}</span>
        </Row>
      );
    case "AMOUNT_CONVERSION":
      return (
        <Row cell={cell} isBlock>
          <Conversion attribute={attribute} />
        </Row>
      );
    case "KEY_VALUE":
      return <Row cell={cell} text={attribute.value} />;
    case "NOTE":
      return <Row cell={cell} text={attribute.note} isBlock />;
    case "HEADING":
      return <h2 class="form-heading">{attribute.label}</h2>;
    case "ALERT":
      return <Alert attribute={attribute} />;
    case "IMAGE":
      return <Picture attribute={attribute} />;
    case "PARTY_INFO":
      return (
        <Row cell={cell} isBlock>
          <Party attribute={attribute} />
        </Row>
      );
    case "UNKNOWN":
      return (
        <Row cell={cell} isBlock>
          <span class="soft">{texts.value.operation.unknownRow}</span> <code class="small">{rawText(attribute)}</code>
        </Row>
      );
  }
}

interface RowProps {
  readonly cell: OperationCellVisual;
  /** What is shown, where it is a text. */
  readonly text?: string;
  /** Below its label, for what is long. */
  readonly isBlock?: boolean;
  readonly children?: ComponentChildren;
}

function Row({ cell, text, isBlock = false, children }: RowProps) {
  const { attribute, visibleTitle = true, canCopy = false, centered = false, collapsable } = cell;
  const canCollapse = text !== undefined && (collapsable === "COLLAPSED" || collapsable === "YES");
  const classes = ["form-row", isBlock && "form-row-block", centered && "form-row-centered"].filter(Boolean).join(" ");
  return (
    <dl class={classes}>
      <dt class={visibleTitle ? "" : "unseen"}>{attribute.label || attribute.id}</dt>
      <dd>
        {canCollapse ? <Collapsable text={text} isClosed={collapsable === "COLLAPSED"} /> : (text ?? children)}
        {canCopy && text !== undefined && <Copy text={text} />}
      </dd>
    </dl>
  );
}

function Collapsable({ text, isClosed }: { readonly text: string; readonly isClosed: boolean }) {
  const t = texts.value;
  const closed = useSignal(isClosed);
  return (
    <>
      <span class={closed.value ? "form-closed" : ""}>{text}</span>
      <button
        type="button"
        class="link-button"
        aria-expanded={!closed.value}
        onClick={() => (closed.value = !closed.value)}
      >
        {closed.value ? t.operation.more : t.operation.less}
      </button>
    </>
  );
}

function Copy({ text }: { readonly text: string }) {
  const t = texts.value;
  const copied = useSignal(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text).then(
      () => (copied.value = true),
      () => undefined,
    );
  };
  return (
    <button type="button" class="link-button" onClick={() => void copy()}>
      <span role="status">{copied.value ? t.operation.copied : t.operation.copy}</span>
    </button>
  );
}

function Conversion({ attribute }: { readonly attribute: AmountConversionAttribute }) {
  const { source, target } = shownConversion(attribute);
  return (
    <span class="conversion">
      <span>{source.value}</span>
      <Icon name="forward" size={18} />
      <span class="amount">{target.value}</span>
      {attribute.dynamic && <span class="small soft conversion-note">{texts.value.operation.dynamic}</span>}
    </span>
  );
}

const tones = { SUCCESS: "good", INFO: "info", WARNING: "warning", ERROR: "danger" } as const;

function Alert({ attribute: { alertType, title, message, label } }: { readonly attribute: AlertAttribute }) {
  const heading = title ?? (label || undefined);
  return (
    <Notice tone={tones[alertType]} {...(heading !== undefined && { title: heading })}>
      {message}
    </Notice>
  );
}

function Picture({ attribute }: { readonly attribute: ImageAttribute }) {
  const t = texts.value;
  const { label, thumbnailUrl, originalUrl } = attribute;
  const name = label || t.operation.picture;
  return (
    <figure class="form-picture">
      {isShownPicture(thumbnailUrl) && <img src={thumbnailUrl} alt={name} />}
      <figcaption class="small soft">
        {name}
        {originalUrl !== undefined && isSafeLink(originalUrl) && (
          <>
            {" · "}
            <a href={originalUrl} target="_blank" rel="noreferrer">
              {t.operation.enlarge}
            </a>
          </>
        )}
      </figcaption>
    </figure>
  );
}

function Party({ attribute }: { readonly attribute: PartyInfoAttribute }) {
  const { logoUrl, name, description, websiteUrl } = attribute.partyInfo;
  return (
    <span class="party">
      {logoUrl !== undefined && isShownPicture(logoUrl) && <img class="party-logo" src={logoUrl} alt="" />}
      <span class="party-text">
        <strong>{name}</strong>
        {description !== undefined && <span class="small soft">{description}</span>}
        {websiteUrl !== undefined && isSafeLink(websiteUrl) && (
          <a class="small" href={websiteUrl} target="_blank" rel="noreferrer">
            {new URL(websiteUrl).host}
          </a>
        )}
      </span>
    </span>
  );
}

function rawText({ raw }: OperationAttribute): string {
  const { id: _id, label: _label, ...rest } = raw;
  return JSON.stringify(rest).slice(0, 400);
}
