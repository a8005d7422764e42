import type { QrOperation, QrOperationField } from "@countersign/client/mobile-token";
import { language } from "../../texts/language.ts";
import { type Texts, texts } from "../texts/texts.ts";
import "../operations/form/form.css";

/** What an offline code says, and what is signed by the digits. */
export function OfflineForm({ operation }: { readonly operation: QrOperation }) {
  const t = texts.value;
  const fields = operation.operationData.fields.filter(({ type }) => type !== "empty");
  return (
    <div class="form">
      {operation.message !== "" && <p class="form-message">{operation.message}</p>}
      <div class="card form-rows">
        {fields.map((field, index) => {
          const [label, value] = shown(field, t);
          return (
            <dl key={index} class="form-row">
              <dt>{label}</dt>
              <dd>{field.type === "amount" ? <span class="amount">{value}</span> : value}</dd>
            </dl>
          );
        })}
      </div>
    </div>
  );
}

function shown(field: QrOperationField, { offline: t }: Texts): readonly [label: string, value: string] {
  switch (field.type) {
    case "empty":
      return ["", ""];
    case "amount":
      return [t.amount, `${grouped(field.amount)} ${field.currency}`];
    case "account":
      return [t.account, [field.iban, field.bic].filter(Boolean).join(" ")];
    case "anyAccount":
      return [t.account, field.account];
    case "date":
      return [t.date, field.date];
    case "reference":
      return [t.reference, field.text];
    case "note":
      return [t.note, field.text];
    case "text":
      return [t.value, field.text];
    case "fallback":
      return [`${t.value} ${field.rawType}`, field.text];
  }
}

/** Written as the language does, digit for digit. */
function grouped(amount: string): string {
  const [whole = "", fraction] = amount.split(".");
  const parts = new Intl.NumberFormat(language.value).formatToParts(1234.5);
  const decimal = parts.find(({ type }) => type === "decimal")?.value ?? ".";
  const groups = new Intl.NumberFormat(language.value, { useGrouping: "always" }).format(
    BigInt(whole === "-" ? "0" : whole),
  );
  return fraction === undefined ? groups : `${groups}${decimal}${fraction}`;
}
