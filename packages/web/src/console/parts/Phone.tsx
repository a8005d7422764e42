/** What a person sees on the phone, made from what a device gets: the form, and the screen before it where there is one. */
import { Icon } from "../../design/components/Icon.tsx";
import type { Preview } from "../state/shapes.ts";
import "../styles/phone.css";

interface Screen {
  readonly type?: string;
  readonly heading?: string;
  readonly message?: string;
  readonly items?: readonly string[];
}

export function Phone({ preview, language }: { readonly preview: Preview; readonly language: string }) {
  const { formData, ui } = preview;
  const before = screensBefore(ui);
  return (
    <div class="phones">
      {before.map((screen, at) => (
        <Frame key={at} label={`Before the approval, in ${language}`} language={language}>
          <div class="phone-mark">
            <Icon name={screen.type === "INFO" ? "info" : screen.type === "QR_SCAN" ? "scan" : "warning"} size={36} />
          </div>
          <h3>{screen.heading}</h3>
          <p>{screen.message}</p>
          {screen.items !== undefined && screen.items.length > 0 && (
            <ul class="phone-items">
              {screen.items.map((item) => (
                <li key={item}>{item}</li>
              ))}
            </ul>
          )}
          <div class="phone-foot">
            <span class="phone-button">Continue</span>
          </div>
        </Frame>
      ))}
      <Frame label={`The operation, in ${language}`} language={language}>
        <h3>{formData.title}</h3>
        {formData.message !== "" && <p>{formData.message}</p>}
        <dl class="phone-rows">
          {formData.attributes.map((attribute) => (
            <Row key={attribute.id} attribute={attribute} />
          ))}
        </dl>
        <div class={`phone-foot${ui?.flipButtons === true ? " phone-flipped" : ""}`}>
          <span class="phone-button phone-second">Reject</span>
          <span class="phone-button">Approve</span>
        </div>
      </Frame>
    </div>
  );
}

function Frame({
  label,
  language,
  children,
}: {
  readonly label: string;
  readonly language: string;
  readonly children: preact.ComponentChildren;
}) {
  return (
    <section class="phone" aria-label={label}>
      <div class="phone-speaker" aria-hidden="true" />
      <div class="phone-screen" lang={language}>
        {children}
      </div>
    </section>
  );
}

function Row({ attribute }: { readonly attribute: Preview["formData"]["attributes"][number] }) {
  const { type, label } = attribute;
  if (type === "HEADING") return <div class="phone-heading">{label}</div>;
  const text = valueOf(attribute);
  return (
    <div class={`phone-row phone-${type.toLowerCase()}`}>
      <dt>{label}</dt>
      <dd>{text}</dd>
    </div>
  );
}

function valueOf(attribute: Readonly<Record<string, unknown>>): string {
  const { amountFormatted, currencyFormatted, amount, currency, note, value, title, message, name } = attribute;
  const { sourceAmount, sourceCurrency, targetAmount, targetCurrency, partyInfo } = attribute;
  if (amount !== undefined) return `${words(amountFormatted ?? amount)} ${words(currencyFormatted ?? currency)}`;
  if (sourceAmount !== undefined) {
    return `${words(sourceAmount)} ${words(sourceCurrency)} → ${words(targetAmount)} ${words(targetCurrency)}`;
  }
  const party = partyInfo as Readonly<Record<string, unknown>> | undefined;
  return [note, value, title, message, name, party?.name].map(words).find((text) => text !== "") ?? "";
}

function words(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

function screensBefore(ui: Preview["ui"]): readonly Screen[] {
  const { preApprovalScreen, preApprovalScreens } = (ui ?? {}) as {
    readonly preApprovalScreen?: Screen;
    readonly preApprovalScreens?: readonly Screen[];
  };
  return preApprovalScreens ?? (preApprovalScreen === undefined ? [] : [preApprovalScreen]);
}
